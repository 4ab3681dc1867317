"""What the reverse-sync has noted of an account store, read without the warehouse.

Enters: the settings of an account store. Leaves: which build it was brought to, the highest version
that it took, and how far it is from the marts. Of ACCOUNT_STORE_URL's that stands in the published
copy; a further store's records are a file of its own, which is read under its lock.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb

from orchestration.configuration.settings import Settings
from orchestration.configuration.stores.further_stores import further_stores
from orchestration.publication import marts
from orchestration.publication.store_standing import StoreStanding, standing_of
from orchestration.terminal.reporter import LogReporter

PUBLISHED_TARGET = """
select delivered_build, waits_until, waits_since from publication.target where digest = ?
"""
TARGET = "select delivered_build, waits_until, waits_since from sync.sync_target where digest = ?"
PUBLISHED_TRACKING = "select delivered_tracking from publication.target where digest = ?"
TRACKING = "select delivered_tracking from sync.sync_target where digest = ?"
# Of accounts that wait or are kept out it is not time that brings them on.
ENDS = """
select min(review_at) from {schema}.sync_snapshot
where gone_at is null
    and account_id not in (select account_id from {schema}.sync_backlog)
    and not exists (select 1 from {schema}.sync_invalid as kept_out
        where kept_out.account_id = sync_snapshot.account_id)
    and account_id not in (select account_id from {schema}.dead_letters where resolution is null)
"""
# Those that are there: a copy that an older version has published lacks some.
RUN_COLUMNS = """
columns(lambda name: name in (
    'as_of', 'mode', 'status', 'selected', 'creates', 'updates', 'acknowledged', 'rejected',
    'pending', 'deferred', 'error', 'overridden', 'approved_by'
))
"""
LAST_RUN = f"select {RUN_COLUMNS} from sync.sync_runs order by version desc limit 1"


def delivered(settings: Settings) -> tuple[Any, ...] | None:
    """Build, moment until which accounts wait, moment since when (naive UTC); None: not known."""
    return _of_target(settings, PUBLISHED_TARGET, TARGET)


def delivered_tracking(settings: Settings) -> str | None:
    """The digest of the tracking config by which the accounts were brought; None: not known."""
    row = _of_target(settings, PUBLISHED_TRACKING, TRACKING)
    return row[0] if row else None


def lifecycle_ends_at(settings: Settings) -> datetime | None:
    """When time alone ends the first account's lifecycle, as a trial whose end an operator has set
    (naive UTC); None: none ends so, or none is known."""
    if not settings.store_name:
        row = marts.publication(settings.marts, ENDS.format(schema="main"))
        return row[0] if row else None
    with _records(settings) as database:
        row = database.execute(ENDS.format(schema="sync")).fetchone() if database else None
    return row[0] if row else None


def _of_target(settings: Settings, published: str, kept: str) -> tuple[Any, ...] | None:
    from reverse_sync.state.store_identity import store_digest  # loads what sends over HTTP

    digest = store_digest(settings.target)
    if not settings.store_name:
        return marts.publication(settings.marts, published, digest)
    with _records(settings) as database:
        return database.execute(kept, [digest]).fetchone() if database else None


def acknowledged_version(settings: Settings) -> int:
    """The highest version that the account store has acknowledged; 0: none, or none is known."""
    if not settings.store_name:
        return marts.acknowledged_version(settings.marts)
    with _records(settings) as database:
        if not database:
            return 0
        row = database.execute("select max(version) from sync.sync_snapshot").fetchone()
    return int(row[0] or 0) if row else 0


@dataclass(frozen=True)
class FurtherStanding:
    """How far a store of `stores.yml` is from the marts, and how its last run ended. None: nothing
    was planned for it yet."""

    standing: StoreStanding | None
    last_run: dict[str, Any] | None


def further_standings(settings: Settings) -> dict[str, FurtherStanding]:
    """By name. Raises WrongSettings."""
    return {one.store_name or "": _standing(one) for one in further_stores(settings)}


def _standing(settings: Settings) -> FurtherStanding:
    with _records(settings) as database:
        if not database:
            return FurtherStanding(None, None)
        standing = standing_of(database, schema="sync")
        runs = marts.records(database, LAST_RUN)
    return FurtherStanding(standing, runs[0] if runs else None)


@contextmanager
def _records(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection | None]:
    """None: there are none yet."""
    if not settings.folder.sync_records.exists():
        yield None
        return
    from orchestration.locks import open_sync_records  # loads what a load needs

    with open_sync_records(settings.folder, LogReporter(lambda line: None)) as database:
        there = database.execute(
            "select 1 from duckdb_tables() where schema_name = 'sync' and table_name = 'sync_runs'"
        ).fetchone()
        yield database if there else None
