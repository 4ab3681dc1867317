"""What can be read of the sandbox's state: canonical objects for tests, texts for the server.

Enters: kinds, ids, SQL conditions made by `listing`. Leaves: canonical objects or served texts.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from sandbox.kinds import KINDS, Kind
from sandbox.shapes import ACCOUNT, Json
from sandbox.storage import rows
from sandbox.storage.database import Database

BATCH = 500
_READ = "SELECT id, packed, wide FROM"


@dataclass(frozen=True)
class Page:
    """A part of a list, newest first, as ids and served texts."""

    ids: list[str]
    texts: list[bytes]
    has_more: bool


@dataclass(frozen=True)
class Window:
    """Which part of a list: what fulfils the SQL `conditions` (with their `values`), the first
    `limit` objects, newest first; `backwards`: the last ones, in the same order."""

    limit: int
    conditions: Sequence[str] = ()
    values: Sequence[Any] = ()
    backwards: bool = False


class Reader(Database):
    """The reading half of the store."""

    kinds: Mapping[str, Kind] = KINDS

    def noted(self, key: str) -> str | None:
        """What `note` remembered."""
        found = self.one("SELECT value FROM meta WHERE key = ?", key)
        return str(found[0]) if found else None

    @property
    def account_id(self) -> str:
        """The Stripe account whose objects these are: `acct_...`."""
        return self.noted("account") or ACCOUNT

    def get(self, kind: str, id: str) -> Json | None:  # noqa: A002
        """The canonical object: whole lists, and what is served only on request too."""
        found = self.one(f"SELECT packed, extra FROM {table(kind)} WHERE id = ?", id)
        return canonical(self.db().unpack(found[0]), found[1]) if found else None

    def objects(self, kind: str) -> Iterator[Json]:
        """Every canonical object of a kind, oldest first."""
        statement = f"SELECT packed, extra FROM {table(kind)} ORDER BY created, id"
        db = self.db()
        return (canonical(db.unpack(packed), extra) for packed, extra in db.execute(statement))

    def count(self, kind: str) -> int:
        return int(self.one(f"SELECT count(*) FROM {table(kind)}")[0])

    def deleted(self, kind: str, id: str) -> Json | None:  # noqa: A002
        """The last state of a deleted object."""
        found = self.one("SELECT json FROM tombstones WHERE kind = ? AND id = ?", kind, id)
        return orjson.loads(found[0]) if found else None

    def texts(self, kind: str, ids: Iterable[str]) -> dict[str, bytes]:
        """Served texts by id, in a few queries; what is not there is left out."""
        unpack = self.db().unpack
        return {
            identity: rows.cut(unpack(packed)) if wide else unpack(packed)
            for identity, packed, wide in self._by_id(_READ, kind, ids)
        }

    def extras(self, kind: str, ids: Iterable[str]) -> dict[str, Json]:
        """What is served only on request, by id."""
        found = self._by_id("SELECT id, extra FROM", kind, ids)
        return {identity: orjson.loads(extra) for identity, extra in found if extra}

    def position(self, kind: str, id: str) -> tuple[int, str] | None:  # noqa: A002
        """Where an object stands in its list: what a cursor is compared with."""
        found: tuple[int, str] | None = self.one(
            f"SELECT created, id FROM {table(kind)} WHERE id = ?", id
        )
        return found

    def page(self, kind: str, window: Window) -> Page:
        """That part of the list."""
        order = "ASC" if window.backwards else "DESC"
        statement = (
            f"{_READ} {table(kind)} WHERE {' AND '.join(window.conditions) or '1'}"
            f" ORDER BY created {order}, id {order} LIMIT ?"
        )
        db = self.db()
        found = db.execute(statement, (*window.values, window.limit + 1)).fetchall()
        shown = found[: window.limit][:: -1 if window.backwards else 1]
        texts = [
            rows.cut(db.unpack(packed)) if wide else db.unpack(packed) for _, packed, wide in shown
        ]
        return Page([identity for identity, _, _ in shown], texts, len(found) > window.limit)

    def holder(self, item: str) -> str | None:
        """The subscription that an item belongs to."""
        found = self.one("SELECT subscription FROM subscription_items WHERE id = ?", item)
        return str(found[0]) if found else None

    def _by_id(self, select: str, kind: str, ids: Iterable[str]) -> Iterator[Any]:
        wanted = list(dict.fromkeys(ids))
        for start in range(0, len(wanted), BATCH):
            part = wanted[start : start + BATCH]
            marks = ", ".join("?" * len(part))
            yield from self.db().execute(f"{select} {table(kind)} WHERE id IN ({marks})", part)


def table(kind: str) -> str:
    return KINDS[kind].table


def canonical(text: str | bytes, extra: str | None) -> Json:
    obj: Json = orjson.loads(text)
    return obj | orjson.loads(extra) if extra else obj
