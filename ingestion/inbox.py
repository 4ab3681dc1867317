"""The inbox `events.db`: an append-only log of events, and which of them are still to be acted on.

Enters: events and positions in Stripe's feed. Leaves: pending pointers. Nothing is read from Stripe
here. A SQLite file in WAL mode, so that receiver and pipeline can write at the same time.
"""

import sqlite3
from collections.abc import Iterable
from contextlib import AbstractContextManager, closing
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from ingestion.events import Pointer, pointers

SCHEMA = """
create table if not exists events (
    id text primary key,          -- Stripe's event id: a repeated delivery changes nothing
    type text not null,
    created integer not null,     -- Unix seconds, Stripe's clock
    received_at text not null,    -- UTC
    payload text not null         -- as received; a log, never loaded into tables
) strict;
create table if not exists refused_events (
    id text not null,             -- signed by one of our secrets, and yet not for this inbox
    reason text not null,         -- livemode, account
    type text not null,
    created integer not null,
    livemode integer not null,
    account text,
    received_at text not null,
    primary key (id, reason)
) strict, without rowid;
create table if not exists pointers (
    event_id text not null references events,
    stream text not null,
    object_id text not null,
    done_at text,                 -- UTC; null while the object has not been read again
    primary key (event_id, stream, object_id)
) strict, without rowid;
create index if not exists pending on pointers (stream, object_id) where done_at is null;
create table if not exists positions (name text primary key, value text not null) strict;
"""

CURSOR = "events_cursor"
COMPLETE = "full_read_completed_at"
ACCOUNT = "stripe_account"


class Inbox:
    """`with Inbox.open(path) as inbox`; each method is one transaction."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    @classmethod
    def open(cls, path: Path, *, read_only: bool = False) -> AbstractContextManager["Inbox"]:
        """The inbox in this file, made where it is missing; `read_only` needs no right to write."""
        if read_only:
            address = f"{path.absolute().as_uri()}?mode=ro"
            return closing(cls(sqlite3.connect(address, uri=True, timeout=30)))
        database = sqlite3.connect(path, timeout=30, isolation_level=None)
        path.chmod(0o600)
        database.execute("pragma journal_mode = wal")
        database.execute("pragma synchronous = full")  # a commit is on disk when it returns
        database.executescript(SCHEMA)
        return closing(cls(database))

    def close(self) -> None:
        self._database.close()

    def append(self, events: Iterable[Any], *, received_at: datetime) -> int:
        """Log events and mark what they point at as pending; how many were new."""
        return sum(self.take(events, received_at=received_at))

    def take(self, events: Iterable[Any], *, received_at: datetime) -> list[bool]:
        """The same, and whether each one was new."""
        with self._transaction():
            return [bool(self._append(event, received_at)) for event in events]

    def refuse(self, events: Iterable[tuple[Any, str]], *, received_at: datetime) -> None:
        """Note events that are not for this inbox, each with its reason; payloads are not kept."""
        with self._transaction():
            self._database.executemany(
                "insert into refused_events values (?, ?, ?, ?, ?, ?, ?) on conflict do nothing",
                [
                    (
                        event["id"],
                        reason,
                        event["type"],
                        event["created"],
                        event["livemode"],
                        event.get("account"),
                        received_at.isoformat(),
                    )
                    for event, reason in events
                ],
            )

    def refused(self) -> dict[str, int]:
        """How many events were refused, by reason."""
        return dict(
            self._database.execute(
                "select reason, count(*) from refused_events group by 1 order by 1"
            ).fetchall()
        )

    def _append(self, event: Any, received_at: datetime) -> int:
        inserted = self._database.execute(
            "insert into events values (?, ?, ?, ?, ?) on conflict do nothing",
            (
                event["id"],
                event["type"],
                event["created"],
                received_at.isoformat(),
                orjson.dumps(event).decode(),
            ),
        ).rowcount
        if inserted:
            self._database.executemany(
                "insert into pointers values (?, ?, ?, null) on conflict do nothing",
                [(event["id"], stream, object_id) for stream, object_id in pointers(event)],
            )
        return inserted

    def pending(self) -> list[Pointer]:
        """Each object once, in a stable order."""
        return self._database.execute(
            "select distinct stream, object_id from pointers where done_at is null order by 1, 2"
        ).fetchall()

    def backlog(self) -> int:
        """How many objects are waiting to be read again."""
        return len(self.pending())

    def settle(self, done: Iterable[Pointer], *, read_from: datetime, **positions: str) -> None:
        """Acknowledge pointers and move positions together, after the load has committed.

        An event received after the read began (`read_from`) may tell of a later change: it stays.
        """
        with self._transaction():
            self._database.executemany(
                "update pointers set done_at = ?1 where stream = ?2 and object_id = ?3"
                " and done_at is null and exists (select 1 from events"
                "   where events.id = pointers.event_id and events.received_at <= ?1)",
                [(read_from.isoformat(), *pointer) for pointer in done],
            )
            self._database.executemany(
                "insert or replace into positions values (?, ?)", list(positions.items())
            )

    def position(self, name: str) -> str | None:
        row = self._database.execute("select value from positions where name = ?", (name,))
        found = row.fetchone()
        return found[0] if found else None

    def _transaction(self) -> AbstractContextManager[Any]:
        self._database.execute("begin immediate")
        return self._database
