"""The inbox `events.db`: an append-only log of events, and which of them are still to be acted on.

Enters: events, each of one Stripe account. Leaves: pending pointers. Nothing is read
from Stripe here. A SQLite file in WAL mode, so that receiver and pipeline can write at the same
time.
"""

import sqlite3
from collections.abc import Iterable
from contextlib import AbstractContextManager, closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from ingestion.inbox.cursors import Positions
from ingestion.inbox.latency import Latency, last, measure
from ingestion.inbox.replay import replay
from ingestion.inbox.schema import InboxNotReady, check, prepare
from ingestion.stripe_api.event_types import Pointer, pointers

FIRST: Pointer = ("", "")  # before every pointer


class Inbox(Positions):
    """`with Inbox.open(path) as inbox`; each method is one transaction."""

    @classmethod
    def open(cls, path: Path, *, read_only: bool = False) -> AbstractContextManager["Inbox"]:
        """The inbox in this file, made where it is missing; `read_only` needs no right to write.

        Raises InboxNotReady where it is not there, or not today's, and may only be read.
        """
        if read_only:
            return closing(cls(_read_only(path)))
        database = sqlite3.connect(path, timeout=30, isolation_level=None)
        path.chmod(0o600)
        database.execute("pragma journal_mode = wal")
        database.execute("pragma synchronous = full")  # a commit is on disk when it returns
        prepare(database)
        return closing(cls(database))

    def close(self) -> None:
        self._database.close()

    def append(
        self, stripe_account_id: str, events: Iterable[Any], *, received_at: datetime
    ) -> int:
        """Log events and mark what they point at as pending; how many were new."""
        return sum(
            self.take(((stripe_account_id, event) for event in events), received_at=received_at)
        )

    def take(self, events: Iterable[tuple[str, Any]], *, received_at: datetime) -> list[bool]:
        """The same for events of several accounts, and whether each one was new."""
        with self._transaction():
            latest = self.latest()
            if latest and received_at < latest:  # the clock was set back: the order stays
                received_at = latest + timedelta(microseconds=1)
            return [bool(self._append(account, event, received_at)) for account, event in events]

    def refuse(self, events: Iterable[tuple[Any, str]], *, received_at: datetime) -> int:
        """Note events that are not for this inbox, each with its reason; payloads are not kept.

        How many were new.
        """
        with self._transaction():
            noted = self._database.executemany(
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
        return noted.rowcount

    def refused(self) -> dict[str, int]:
        """How many events were refused, by reason."""
        return dict(
            self._database.execute(
                "select reason, count(*) from refused_events group by 1 order by 1"
            ).fetchall()
        )

    def latest(self) -> datetime | None:
        """When the last event was received (UTC); None: there is none."""
        row = self._database.execute(
            "select received_at from events order by rowid desc limit 1"
        ).fetchone()
        return datetime.fromisoformat(row[0]) if row else None

    def _append(self, stripe_account_id: str, event: Any, received_at: datetime) -> int:
        inserted = self._database.execute(
            "insert into events values (?, ?, ?, ?, ?, ?) on conflict do nothing",
            (
                stripe_account_id,
                event["id"],
                event["type"],
                event["created"],
                received_at.isoformat(),
                orjson.dumps(event).decode(),
            ),
        ).rowcount
        if inserted:
            self._database.executemany(
                "insert into pointers values (?, ?, ?, ?, null) on conflict do nothing",
                [(stripe_account_id, event["id"], *pointer) for pointer in pointers(event)],
            )
        return inserted

    def pending(
        self, stripe_account_id: str, *, after: Pointer = FIRST, most: int = -1
    ) -> list[Pointer]:
        """Each object of the account once, in a stable order; `most` of those after `after`."""
        return self._database.execute(
            "select distinct stream, object_id from pointers"
            " where stripe_account_id = ? and done_at is null and (stream, object_id) > (?, ?)"
            " order by 1, 2 limit ?",
            (stripe_account_id, *after, most),
        ).fetchall()

    def backlog(self) -> dict[str, int]:
        """How many objects are waiting to be read again, by Stripe account."""
        return dict(
            self._database.execute(
                "select stripe_account_id, count(*) from ("
                " select distinct stripe_account_id, stream, object_id from pointers"
                " where done_at is null) group by 1 order by 1"
            )
        )

    def settle(
        self,
        stripe_account_id: str,
        done: Iterable[Pointer],
        *,
        read_from: datetime,
        **positions: str,
    ) -> None:
        """Acknowledge pointers and move positions together, after the load has committed.

        An event received after the read began (`read_from`) may tell of a later change: it stays.
        """
        with self._transaction():
            self._database.executemany(
                "update pointers set done_at = ?1 where stripe_account_id = ?2 and stream = ?3"
                " and object_id = ?4 and done_at is null and exists (select 1 from events"
                "   where events.stripe_account_id = ?2 and events.id = pointers.event_id"
                "   and events.received_at <= ?1)",
                [(read_from.isoformat(), stripe_account_id, *pointer) for pointer in done],
            )
            self._place(stripe_account_id, positions)

    def replay(self, *, since: int) -> tuple[int, int]:
        """Make what events since then (Unix seconds) point at pending again; how many of both."""
        with self._transaction():
            return replay(self._database, since=since)

    def measure(self, *, reached_at: datetime, loaded_until: datetime) -> Latency:
        """Note how long the events took that have reached the account store."""
        with self._transaction():
            return measure(self._database, reached_at=reached_at, loaded_until=loaded_until)

    def latency(self) -> Latency | None:
        """That of the last refresh which brought events to the account store."""
        return next(iter(last(self._database, 1)), None)

    def latencies(self, most: int) -> list[Latency]:
        """Those of the last refreshes which did, oldest first."""
        return last(self._database, most)

    def adopt(self, stripe_account_id: str) -> None:
        """Give the account what an older version has left, which kept one without its id."""
        nameless = "select 1 from {} where stripe_account_id = '' limit 1"
        tables = ("events", "positions")
        if not any(self._database.execute(nameless.format(t)).fetchone() for t in tables):
            return
        with self._transaction():
            for table in ("events", "pointers", "positions"):
                self._database.execute(
                    f"update or replace {table} set stripe_account_id = ?"
                    " where stripe_account_id = ''",
                    (stripe_account_id,),
                )


def _read_only(path: Path) -> sqlite3.Connection:
    if not path.exists():
        raise InboxNotReady(f"there is no {path}: run stripe-traits sync, which makes it")
    database = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=30)
    try:
        check(database, path)
    except BaseException:
        database.close()
        raise
    return database
