"""The complete current state, outside of Stripe's interface, for tests to compare with.

Enters: a reader of the store. Leaves: every object as it is kept (whole lists, what Stripe serves
only on request too), what was deleted, and the events if they are asked for.
"""

from collections.abc import Collection
from typing import Any

import orjson

from sandbox.kinds import KINDS
from sandbox.storage.reading import Reader

PATH = "/sandbox/truth"
_APART = ("event", "webhook_endpoint")  # no business, but how it is told
STATE = tuple(kind.name for kind in KINDS.values() if not kind.within and kind.name not in _APART)


def truth(store: Reader, kinds: Collection[str] = STATE) -> dict[str, Any]:
    """Objects by kind and id, the last state of deleted ones beside them, all at one moment."""
    unknown = sorted(set(kinds) - {*STATE, *_APART})
    if unknown:
        raise ValueError(f"kind: no {', '.join(unknown)}; there are {', '.join((*STATE, *_APART))}")
    db = store.db()
    alone = not db.in_transaction
    if alone:
        db.execute("BEGIN")
    try:
        objects = {kind: {one["id"]: one for one in store.objects(kind)} for kind in kinds}
        deleted: dict[str, dict[str, Any]] = {kind: {} for kind in kinds}
        for kind, identity, text in db.execute("SELECT kind, id, json FROM tombstones"):
            if kind in deleted:
                deleted[kind][identity] = orjson.loads(text)
    finally:
        if alone:
            db.execute("COMMIT")
    return {"objects": objects, "deleted": deleted}
