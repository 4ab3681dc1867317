"""Objects that are deleted while a list of theirs is being paged.

Enters: a store, the list that was asked for, the last id of the page. Leaves: the store without
that object, or without the one that comes next in the list's order (filters are not looked at).
"""

from sandbox.kinds import KINDS
from sandbox.storage.reading import Window
from sandbox.storage.store import Store

_BY_TABLE = {kind.table: kind for kind in KINDS.values() if kind.served and not kind.within}


def now(store: Store) -> int:
    """The sandbox's time: as it was set, else that of the newest event."""
    noted = store.noted("now")
    if noted is not None:
        return int(noted)
    (newest,) = store.one("SELECT coalesce(max(created), 0) FROM events")
    return int(newest)


def delete(store: Store, path: str, last: str, which: str) -> None:
    """`which` is a fault's kind; where there is nothing to delete nothing is."""
    kind = _BY_TABLE.get(path.removeprefix("/v1/"))
    if kind is None or kind.name == "event":
        return
    identity: str | None = last
    if which == "delete_next":
        position = store.position(kind.name, last)
        found = store.page(kind.name, Window(1, ["(created, id) < (?, ?)"], position or ())).ids
        identity = found[0] if found else None
    if identity and store.position(kind.name, identity):
        store.delete(kind.name, identity, now=now(store))
