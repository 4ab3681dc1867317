"""The state of the sandbox: canonical objects at the pinned version, and their events, in SQLite.

Enters: complete objects (see `builders`). Leaves: by `reading`, the text that is served, or
canonical objects. A change brings here only what Stripe does with it at once: its events, the
end of a deleted customer's subscriptions, a plan that follows its price.
"""

import re
from collections.abc import Collection, Iterable
from itertools import islice
from pathlib import Path

import orjson

from sandbox import builders, changes
from sandbox.kinds import KINDS
from sandbox.shapes import API_VERSION, Json
from sandbox.storage import batches, loading, rows, schema, truth, versions
from sandbox.storage.database import Connection
from sandbox.storage.reading import BATCH, Reader, canonical


class WrongFile(ValueError):
    """The file is not one that can be used so: nothing of it is touched."""


class Store(Reader):
    """Objects and events in a SQLite file; without a path, in a temporary one.

    `account_id` (`acct_...`) says whose they are, from now on; it is kept in the file.
    """

    def __init__(self, path: str | Path | None = None, *, account_id: str | None = None) -> None:
        _check_place(path)
        super().__init__(path)
        with self.writing() as db:
            if not self._is_made():
                for statement in schema.everything():
                    db.execute(statement)
        if account_id:
            self.note("account", _account(account_id))

    @property
    def api_version(self) -> str:
        """The account's version: events are made in it, requests that name none get it."""
        return self.noted("api_version") or API_VERSION

    @api_version.setter
    def api_version(self, version: str) -> None:
        self.note("api_version", versions.served(version))

    def truth(self, kinds: Collection[str] = truth.STATE) -> Json:
        """The complete current state: see `sandbox.storage.truth`."""
        return truth.truth(self, kinds)

    def put(self, obj: Json, *, now: int | None = None, events: bool = True) -> None:
        """Insert or replace one object, and append the events that Stripe would.

        `now` is when it happens; it may be left out for a new object, which then is made at its
        own `created`.
        """
        with self.writing() as db:
            self._put(db, obj, now, events=events)

    def update(self, kind: str, id: str, fields: Json, *, now: int) -> Json:  # noqa: A002
        """Change some fields of an object, with events; the object as it is then."""
        changed = self._required(kind, id) | fields
        self.put(changed, now=now)
        return changed

    def delete(self, kind: str, id: str, *, now: int) -> None:  # noqa: A002
        """What deleting means at Stripe: a customer's subscriptions end at once, a subscription
        is canceled, a payment method detached; all else goes away."""
        obj = self._required(kind, id)
        with self.writing() as db:
            if kind == "subscription":
                self._cancel(db, obj, now)
            elif kind == "payment_method":
                self._put(db, obj | {"customer": None}, now)
            else:
                self._remove(db, obj, now)

    def load(self, objects: Iterable[Json]) -> None:
        """Insert many new objects (events among them) into an empty store, making no events."""
        pack = self.db().pack
        left = iter(objects)
        self.load_batches(iter(lambda: batches.batch(islice(left, BATCH), pack), {}))

    def load_batches(self, made: Iterable[batches.Batch], dictionary: bytes | None = None) -> None:
        """The same for what is ready for its tables; `dictionary` is what it was packed by, and
        what is put later will be."""
        if any(
            self.one(f"SELECT EXISTS (SELECT 1 FROM {kind.table})")[0] for kind in schema.STORED
        ):
            raise WrongFile(
                f"{self.path}: holds objects already, and is no whole population; name another"
                " file, or delete it"
            )
        with loading.gathered(self.path, made) as heap, self.without_journal() as db:
            loading.bring(db, heap, dictionary)

    def note(self, key: str, value: str) -> None:
        """Remember what this file holds."""
        with self.writing() as db:
            db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    def _is_made(self) -> bool:
        """Whether the tables are there; a file of other tables is refused."""
        (found,), (tables,) = self.one("PRAGMA user_version"), self.one(schema.COUNT)
        if tables and found != schema.FORMAT:
            raise WrongFile(
                f"{self.path}: not filled to the end, or not by this version of the sandbox;"
                " name another file, or delete it and fill it again"
            )
        return bool(tables)

    def _required(self, kind: str, identity: str) -> Json:
        found = self.get(kind, identity)
        if found is None:
            raise KeyError(f"{kind} {identity}: not in the store; put it first")
        return found

    def _put(self, db: Connection, obj: Json, now: int | None, *, events: bool = True) -> None:
        row = rows.row(obj)
        found = self.one(f"SELECT json FROM {KINDS[row.kind].table} WHERE id = ?", row.id)
        if found and events and now is None:
            raise ValueError(f"{row.kind} {row.id}: is there already; say when: now=...")
        moment = row.created if now is None else now
        _replace(db, row)
        if events:
            before = orjson.loads(found[0]) if found else None
            self._append(db, before, orjson.loads(row.text), moment)
        if row.kind == "price" and obj["recurring"]:
            self._put(db, builders.plan(obj), moment, events=events)
            self._refresh_items(db, obj)

    def _refresh_items(self, db: Connection, price: Json) -> None:
        """The copies of a price that subscription items carry change with it, without events."""
        held = db.execute(
            "SELECT json FROM subscriptions WHERE id IN"
            " (SELECT subscription FROM subscription_items WHERE price = ?)",
            (price["id"],),
        ).fetchall()
        copies = {"price": rows.bare(price), "plan": rows.bare(builders.plan(price))}
        for (text,) in held:
            subscription = orjson.loads(text)
            for item in subscription["items"]["data"]:
                if item["price"]["id"] == price["id"]:
                    item.update(copies)
            _replace(db, rows.row(subscription))

    def _append(self, db: Connection, old: Json | None, new: Json | None, now: int) -> None:
        (number,) = db.execute("SELECT coalesce(max(rowid), 0) FROM events").fetchone()
        version = self.api_version
        pinned = [obj and rows.shown(obj) for obj in (old, new)]
        before, after = (obj and versions.shown_at(self, version, obj) for obj in pinned)
        made = changes.events(before, after, now=now, first=number)
        _insert(db, batches.batch((event | {"api_version": version} for event in made), db.pack))
        if version != API_VERSION:
            for event in changes.events(pinned[0], pinned[1], now=now, first=number):
                self.keep_original(event["id"], event["data"])
        if ((new or old) or {}).get("object") == "subscription":
            came, went = changes.discounts(old, new)
            for one in came:
                self._append(db, None, self.get("discount", one), now)
            for one in went:
                self._append(db, self.get("discount", one), None, now)

    def keep_original(self, event: str, data: Json) -> None:
        """What an event of an older version is at the pin, for webhooks that want it so."""
        with self.writing() as db:
            text = orjson.dumps(data).decode()
            db.execute("INSERT OR REPLACE INTO originals VALUES (?, ?)", (event, text))

    def _cancel(self, db: Connection, subscription: Json, now: int) -> None:
        if subscription["status"] not in ("canceled", "incomplete_expired"):
            ended = {"status": "canceled", "canceled_at": now, "ended_at": now}
            self._put(db, subscription | ended | {"status_details": None}, now)

    def _remove(self, db: Connection, obj: Json, now: int) -> None:
        kind = KINDS[obj["object"]]
        if kind.name == "customer":
            self._release(db, obj["id"], now)
        db.execute(
            "INSERT OR REPLACE INTO tombstones VALUES (?, ?, ?, ?)",
            (kind.name, obj["id"], now, orjson.dumps(obj).decode()),
        )
        db.execute(f"DELETE FROM {kind.table} WHERE id = ?", (obj["id"],))
        self._append(db, rows.bare(obj), None, now)

    def _release(self, db: Connection, customer: str, now: int) -> None:
        """A deleted customer's subscriptions end, its cards go, its payment methods are free."""
        owned = "SELECT json, extra FROM {} WHERE customer = ?"
        for found in db.execute(owned.format("subscriptions"), (customer,)).fetchall():
            self._cancel(db, canonical(*found), now)
        for found in db.execute(owned.format("payment_methods"), (customer,)).fetchall():
            self._put(db, canonical(*found) | {"customer": None}, now, events=False)
        db.execute("DELETE FROM cards WHERE customer = ?", (customer,))


def _check_place(path: str | Path | None) -> None:
    if path and (Path(path).is_dir() or not Path(path).parent.is_dir()):
        raise WrongFile(f"{path}: no file can be made there; name one in a folder that exists")


def _account(identity: str) -> str:
    if not re.fullmatch(r"acct_\w+", identity):
        raise ValueError(f"account {identity!r}: write acct_ and letters or digits")
    return identity


def _replace(db: Connection, row: rows.Row) -> None:
    """One row in place of what was there."""
    if row.kind == "subscription":
        db.execute("DELETE FROM subscription_items WHERE subscription = ?", (row.id,))
    _insert(db, batches.of_rows([row], db.pack))


def _insert(db: Connection, batch: batches.Batch) -> None:
    for statement, values in batch.items():
        db.executemany(statement, values)
