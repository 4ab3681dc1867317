"""How far the account store is from the published marts, and why, as the published copy tells.

Enters: the published copy with the sync's records. Leaves: counts of accounts. Nothing is compared:
each number was noted by the run that left it so.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from orchestration.publication.marts import reading
from reverse_sync.diff.decision import UNDONE

TABLES = "select table_name from information_schema.tables where table_schema = ?"


@dataclass(frozen=True, kw_only=True)
class StoreStanding:
    """Accounts by what keeps the store from what the marts say of them; `drift`: that the last
    comparison found otherwise. `waiting_until` (aware UTC): of those that wait the first; None:
    none waits for a moment."""

    waiting: int = 0
    waiting_until: datetime | None = None
    dead_letters: int = 0
    drift: int = 0
    invalid: int = 0
    undone: int = 0

    @property
    def is_true(self) -> bool:
        """As far as is known the store holds what the marts say."""
        return not (self.waiting or self.dead_letters or self.invalid or self.undone)


def store_standing(marts: Path) -> StoreStanding:
    """Raises Unknown where nothing was published yet."""
    with reading(marts) as database:
        return standing_of(database)


def standing_of(database: duckdb.DuckDBPyConnection, schema: str = "main") -> StoreStanding:
    """The same, read from an open copy; a table that is not there yet has no rows."""
    rows = database.execute(TABLES, [schema]).fetchall()
    there = {name for (name,) in rows}
    database.execute(f"set schema = '{schema}'")

    def found(table: str, query: str) -> int:
        rows = database.execute(query).fetchone() if table in there else None
        return int(rows[0]) if rows else 0

    return StoreStanding(
        waiting=found("sync_backlog", "select count(*) from sync_backlog"),
        waiting_until=_until(database) if "sync_backlog" in there else None,
        dead_letters=found(
            "dead_letters", "select count(*) from dead_letters where resolution is null"
        ),
        drift=found("sync_drift", "select count(distinct account_id) from sync_drift"),
        invalid=found("sync_invalid", "select count(*) from sync_invalid"),
        undone=found(
            "sync_snapshot",
            f"select count(*) from sync_snapshot where source_md5 = '{UNDONE}'",
        ),
    )


def _until(database: duckdb.DuckDBPyConnection) -> datetime | None:
    found = database.execute("select min(next_attempt_at) from sync_backlog").fetchone()
    return found[0].replace(tzinfo=UTC) if found and found[0] else None
