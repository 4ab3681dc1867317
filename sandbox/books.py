"""The store at one moment, for whoever changes several objects at once.

Enters: a store and when it happens. Leaves: objects and their events, ids of new objects (the
same for the same history, in no order), refusals of what is not there.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from sandbox import builders
from sandbox.errors import missing
from sandbox.shapes import API_VERSION, Json
from sandbox.storage.reading import canonical, table
from sandbox.storage.rows import shown
from sandbox.storage.store import Store
from sandbox.storage.versions import shown_at

_NUMBERS = "objects made"


@dataclass(frozen=True)
class Books:
    store: Store
    now: int
    live: bool = False  # the mode of the key that asks

    def find(self, kind: str, id: str | None) -> Json | None:  # noqa: A002
        return self.store.get(kind, id) if id else None

    def get(self, kind: str, id: str) -> Json:  # noqa: A002
        """An object that an earlier step has seen or made."""
        found = self.store.get(kind, id)
        if found is None:
            raise missing(kind, id)
        return found

    def named(self, kind: str, id: str, param: str) -> Json:  # noqa: A002
        """An object that a parameter names."""
        found = self.store.get(kind, id)
        if found is None:
            raise missing(kind, id, param=param, status=400)
        return found

    def last(self, kind: str, id: str) -> Json:  # noqa: A002
        """An object, or what it was when it was deleted: a coupon discounts on."""
        return self.store.get(kind, id) or self.store.deleted(kind, id) or self.get(kind, id)

    def where(self, kind: str, condition: str, *values: Any) -> Iterator[Json]:
        """Canonical objects of a kind, oldest first."""
        statement = f"SELECT json, extra FROM {table(kind)} WHERE {condition} ORDER BY created, id"
        found = self.store.db().execute(statement, values).fetchall()
        return (canonical(*one) for one in found)

    def put(self, obj: Json) -> Json:
        """Insert or replace, with its events; the object as it is kept."""
        self.store.put(obj, now=self.now)
        return self.get(obj["object"], obj["id"])

    def update(self, obj: Json, **fields: Any) -> Json:
        """Change some fields of an object as it is now, with its events."""
        return self.put(self.get(obj["object"], obj["id"]) | fields)

    def delete(self, obj: Json) -> Json:
        self.store.delete(obj["object"], obj["id"], now=self.now)
        return builders.deleted(obj)

    def tell(self, type: str, obj: Json) -> None:  # noqa: A002
        """An event that no change of a field brings about."""
        version = self.store.api_version
        event = builders.event(
            id=self.new("evt_1", 12),
            type=type,
            object=shown_at(self.store, version, shown(obj)),
            created=self.now,
            api_version=version,
        )
        self.store.put(event, now=self.now, events=False)
        if version != API_VERSION:
            self.store.keep_original(event["id"], {"object": shown(obj)})

    def new(self, prefix: str, size: int = 7) -> str:
        """The id of a new object."""
        number = int(self.store.noted(_NUMBERS) or 0) + 1
        self.store.note(_NUMBERS, str(number))
        return f"{prefix}{hashlib.blake2b(str(number).encode(), digest_size=size).hexdigest()}"

    def setting(self, name: str, default: Json) -> Json:
        """What the sandbox was told about itself."""
        noted = self.store.noted(name)
        return default | orjson.loads(noted) if noted else default
