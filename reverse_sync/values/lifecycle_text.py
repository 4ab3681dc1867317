"""A lifecycle, or facts for it, as JSON text: as the outbox and the sync state keep them.

Enters: one of them, or its text. Leaves: the other. Not here: what a lifecycle means
(lifecycle.py).
"""

import json
from datetime import datetime
from decimal import Decimal

import orjson

from reverse_sync.values.lifecycle import Facts, Lifecycle
from reverse_sync.values.traits import Traits, json_text, parse_traits

NO_MOMENTS = frozenset(("has_paid", "unknown_amount", "traits"))


def lifecycle_text(held: Lifecycle) -> str:
    """As JSON text, from which `lifecycle_from` makes the same lifecycle again."""
    fields = {name: None if value is None else str(value) for name, value in vars(held).items()}
    return json.dumps(fields, sort_keys=True)


def lifecycle_from(text: str) -> Lifecycle:
    """The lifecycle that `lifecycle_text` wrote."""
    fields = json.loads(text)
    dates = {
        name: None if value is None else datetime.fromisoformat(value)
        for name, value in fields.items()
        if name not in ("status", "mrr")
    }
    mrr = None if fields["mrr"] is None else Decimal(fields["mrr"])
    return Lifecycle(status=fields["status"], mrr=mrr, **dates)


def facts_from(text: str) -> Facts:
    """The facts of a row of account_traits, as candidates.py reads them."""
    read = orjson.loads(text)
    moments = {name: _utc(value) for name, value in read.items() if name not in NO_MOMENTS}
    return Facts(
        has_paid=read["has_paid"],
        unknown_amount=read["unknown_amount"],
        traits=parse_traits(read["traits"]) if "traits" in read else {},
        **moments,
    )


def facts_with(text: str, traits: Traits) -> str:
    """The facts with the traits beside them, as `facts_from` reads them."""
    return json_text({**json.loads(text), "traits": json_text(dict(traits))})


def _utc(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(f"{text}+00:00")
