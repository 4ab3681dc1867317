"""Where each Stripe account stands: its cursor, what is still to be listed, what is to be told.

Enters: positions and notes, by account. Leaves: the same, kept in the inbox's database. What events
have brought stands in `inbox`.
"""

import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

import orjson

CURSOR = "events_cursor"
COMPLETE = "full_read_completed_at"  # blank while it is not: our clock, UTC
BEGAN = "full_read_began_at"  # blank unless one is unfinished: our clock, UTC
POLLED = "events_read_until"  # Stripe's clock, UTC: all events before it were in the feed
PIN = "api_version"  # of the last full read
LANDED_AS = "landing_tables"  # what they were at the last full read
QUARANTINE = "quarantine"
BROKEN_FEED = "broken_feed"  # what a page of events lacked; blank where the last poll was whole
MISSING = "missing_objects"
LANDED_IN = "landed_in"  # the warehouse that the other positions tell of
LIVEMODE = "mode"  # live or test: that of the key
LOADER = "loader"  # what tells this cursor from another loader's; made where it is asked for
RETIRED = "not_read_since"  # UTC; blank while the account is in the settings

DUCKDB = "duckdb"  # the file of this DATA_DIR: what is meant where no warehouse was noted

COMPARED = ("listed", "absent", "differing", "gone")

Part = tuple[str, int, int]  # a list, and the bounds of a range of `created`


class Positions:
    """Each method is one transaction."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def position(self, stripe_account_id: str, name: str) -> str | None:
        row = self._database.execute(
            "select value from positions where stripe_account_id = ? and name = ?",
            (stripe_account_id, name),
        )
        found = row.fetchone()
        return found[0] if found else None

    def place(self, stripe_account_id: str, **positions: str) -> None:
        """Note positions alone."""
        with self._transaction():
            self._place(stripe_account_id, positions)

    def belongs_to(self, stripe_account_id: str, warehouse: str) -> bool:
        """Whether the account's positions are those in this warehouse."""
        return (self.position(stripe_account_id, LANDED_IN) or DUCKDB) == warehouse

    def unread(self, stripe_account_id: str) -> set[Part]:
        """What an unfinished full read has still to list."""
        return set(
            self._database.execute(
                "select stream, low, high from unread where stripe_account_id = ?",
                (stripe_account_id,),
            )
        )

    def keep_unread(self, stripe_account_id: str, parts: Iterable[Part], **positions: str) -> None:
        """All that is still to be listed, and positions, together: after a commit of the rest."""
        with self._transaction():
            self._database.execute(
                "delete from unread where stripe_account_id = ?", (stripe_account_id,)
            )
            self._database.executemany(
                "insert into unread values (?, ?, ?, ?)",
                [(stripe_account_id, *part) for part in parts],
            )
            self._place(stripe_account_id, positions)

    def keep_quarantined(self, stripe_account_id: str, found: Mapping[str, Any]) -> None:
        """What is kept out of the tables, for readers who may not open the warehouse."""
        lines = [f"{one['stream']} {one['object_id']}: {one['path']}" for one in found.values()]
        with self._transaction():
            self._place(stripe_account_id, {QUARANTINE: orjson.dumps(sorted(lines)).decode()})

    def quarantined(self, stripe_account_id: str) -> list[str]:
        """Stream, object and path of what is kept out."""
        found: list[str] = orjson.loads(self.position(stripe_account_id, QUARANTINE) or "[]")
        return found

    def keep_missing(self, stripe_account_id: str, lines: list[str]) -> None:
        """What rows name and is not to be had, for readers who may not open the warehouse."""
        if lines != self.missing(stripe_account_id):
            with self._transaction():
                self._place(stripe_account_id, {MISSING: orjson.dumps(lines).decode()})

    def missing(self, stripe_account_id: str) -> list[str]:
        """A line for each object that rows name and that is not to be had."""
        found: list[str] = orjson.loads(self.position(stripe_account_id, MISSING) or "[]")
        return found

    def note(self, stripe_account_id: str, at: datetime, what: str) -> None:
        """Something that an operator should find later; `at` is naive UTC."""
        self._database.execute(
            "insert into history values (?, ?, ?)", (stripe_account_id, at.isoformat(), what)
        )

    def keep_compared(self, stripe_account_id: str, found: Mapping[str, Mapping[str, int]]) -> None:
        """What a comparison with Stripe found: listed, absent, differing and gone, by stream."""
        with self._transaction():
            self._database.executemany(
                "insert or replace into compared"
                " values (:account, :stream, :listed, :absent, :differing, :gone)",
                [
                    {**one, "account": stripe_account_id, "stream": name}
                    for name, one in found.items()
                ],
            )

    def compared(self, stream: str) -> dict[str, int] | None:
        """What the last comparison of each account found, in sum; None: nothing was compared."""
        counts = "sum(listed), sum(absent), sum(differing), sum(gone)"
        found = self._database.execute(
            f"select {counts} from compared where stream = ? having count(*) > 0", (stream,)
        ).fetchone()
        return dict(zip(COMPARED, found, strict=True)) if found else None

    def history(self, most: int) -> list[tuple[str, str, str]]:
        """Account, time (UTC) and what happened, newest first."""
        return self._database.execute(
            "select * from history order by rowid desc limit ?", (most,)
        ).fetchall()

    def accounts(self) -> list[str]:
        """The Stripe accounts that were ever loaded or begun, in order of their ids."""
        rows = self._database.execute(
            "select distinct stripe_account_id from positions where stripe_account_id <> ''"
            " order by 1"
        ).fetchall()
        return [row[0] for row in rows]

    def forget_completeness(self, stripe_account_id: str | None = None) -> None:
        """The warehouse is new, lost or another one: no full read of this account (None: of any)
        counts any more."""
        with self._transaction():
            self._database.execute(
                "update positions set value = '' where name in (?, ?)"
                " and stripe_account_id = coalesce(?, stripe_account_id)",
                (COMPLETE, BEGAN, stripe_account_id),
            )

    def _place(self, stripe_account_id: str, positions: dict[str, str]) -> None:
        self._database.executemany(
            "insert or replace into positions values (?, ?, ?)",
            [(stripe_account_id, *position) for position in positions.items()],
        )

    def _transaction(self) -> AbstractContextManager[Any]:
        self._database.execute("begin immediate")
        return self._database
