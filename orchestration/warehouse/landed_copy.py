"""`stripe.*` of a lake with several loaders, copied into the DuckDB file where a build reads it.

Enters: the lake, the file under its lock, a moment. Leaves: the rows of each Stripe account as its
last whole load left them, in one transaction. Only files with rows that were landed since the last
copy are fetched, some at a time, and read by DuckDB within its memory. Rows get a `loaded_at` of
this file's own: those of several loaders' clocks tell no order.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from ingestion.engines.duck_catalog import columns_of
from ingestion.engines.duck_merge import latest, merge_rows
from ingestion.engines.guard import SCHEMA
from ingestion.engines.iceberg.parquet_files import fetched, in_groups, rows_of, tasks
from ingestion.landing import TABLES
from ingestion.landing.columns import Table
from ingestion.landing.schema import LOADED_AT, schema
from orchestration.warehouse.memory import path_of

if TYPE_CHECKING:
    from ingestion.engines.iceberg.rest_lake import RestLake

COPIED = """
create schema if not exists pipeline;
create table if not exists pipeline.copied (
    lake varchar, stripe_account_id varchar, landing_table varchar, snapshot_id bigint,
    loaded_at timestamp
)
"""
AT = LOADED_AT.name
LONG_AGO = datetime.fromisoformat("1970-01-01")
Known = dict[tuple[str, str], tuple[int, datetime | None]]  # by Stripe account and table


@dataclass(frozen=True)
class _Part:
    """An account's rows of one table: in which snapshot they are whole, what of them is here."""

    table: Table
    account: str
    snapshot: int
    since: datetime | None

    @property
    def values(self) -> dict[str, Any]:
        return {"account": self.account, "since": self.since or LONG_AGO}


def bring(lake: "RestLake", database: duckdb.DuckDBPyConnection, *, at: datetime) -> None:
    """`at` (UTC): now; it marks what comes, or a moment just above all that is there does."""
    try:
        _bring(lake, database, at)
    except duckdb.OutOfMemoryException:  # of long rows each thread holds some thousand
        database.execute("set threads = 1")
        try:
            _bring(lake, database, at)
        finally:
            database.execute("reset threads")


def _bring(lake: "RestLake", database: duckdb.DuckDBPyConnection, at: datetime) -> None:
    whole = lake.whole_loads.snapshots()
    database.begin()
    try:
        known = _known(database, lake.place)
        moment = _after_all(database, at.replace(tzinfo=None))
        for part in _lacking(whole, known):
            _copy(lake, database, part, moment)
        database.commit()
    except BaseException:
        database.rollback()
        raise


def _lacking(whole: dict[str, dict[str, int]], known: Known) -> Iterator[_Part]:
    for table in TABLES:
        for account, snapshots in whole.items():
            snapshot = snapshots.get(table.name)
            before, since = known.get((account, table.name), (None, None))
            if snapshot is not None and snapshot != before:
                yield _Part(table, account, snapshot, since)


def _known(database: duckdb.DuckDBPyConnection, place: str) -> Known:
    """What is here of this lake; tables of another one, or in other columns, are made anew."""
    database.execute(COPIED)
    here = "select 1 from pipeline.copied where lake = $lake"
    if not database.execute(here, {"lake": place}).fetchall():
        database.execute(f"drop schema if exists {SCHEMA} cascade")
        database.execute("delete from pipeline.copied")
    database.execute(f"create schema if not exists {SCHEMA}")
    for table in TABLES:
        if columns_of(database, table.name) != set(schema(table).names):
            _make(database, table)
    rows = database.execute("select * exclude (lake) from pipeline.copied").fetchall()
    return {(account, name): (snapshot, since) for account, name, snapshot, since in rows}


def _make(database: duckdb.DuckDBPyConnection, table: Table) -> None:
    database.register("nothing", schema(table).empty_table())
    database.execute(f"create or replace table {SCHEMA}.{table.name} as from nothing")
    database.unregister("nothing")
    database.execute("delete from pipeline.copied where landing_table = ?", [table.name])


def _after_all(database: duckdb.DuckDBPyConnection, at: datetime) -> datetime:
    last = latest(database, (one.name for one in TABLES))
    return max(at, last + timedelta(microseconds=1)) if last else at


def _copy(
    lake: "RestLake", database: duckdb.DuckDBPyConnection, part: _Part, moment: datetime
) -> None:
    """Rows that are newer than those that are here, in place of theirs."""
    iceberg = lake.catalog.load_table((SCHEMA, part.table.name))
    which = rows_of([part.account], part.since)
    files = tasks(iceberg, row_filter=which, snapshot_id=part.snapshot)
    landed = [part.since]
    for group in in_groups(files):
        with fetched(iceberg, group, _folder(database)) as paths:
            landed.append(_merge(database, part, paths, moment))
    database.execute(
        "delete from pipeline.copied where stripe_account_id = ? and landing_table = ?",
        [part.account, part.table.name],
    )
    newest = max(filter(None, landed), default=None)
    database.execute(
        "insert into pipeline.copied values (?, ?, ?, ?, ?)",
        [lake.place, part.account, part.table.name, part.snapshot, newest],
    )


def _merge(
    database: duckdb.DuckDBPyConnection, part: _Part, files: list[str], moment: datetime
) -> datetime | None:
    """From these files; when the newest row was landed."""
    database.register("nothing", schema(part.table).empty_table())  # of columns that files lack
    names = ", ".join(schema(part.table).names)
    came = (
        f"(select {names} from (from nothing union all by name"
        " from read_parquet($files, union_by_name = true))"
        f" where stripe_account_id = $account and {AT} > $since)"
    )
    values, marked = {**part.values, "files": files}, f"* replace ($moment::timestamp as {AT})"
    if part.since:
        merge_rows(database, part.table, came, marked, values | {"moment": moment})
    else:  # nothing of the account is here, and a snapshot has a key once
        database.execute(
            f"insert into {SCHEMA}.{part.table.name} by name select {marked} from {came}",
            values | {"moment": moment},
        )
    [(found,)] = database.execute(f"select max({AT}) from {came}", values).fetchall()
    database.unregister("nothing")
    newest: datetime | None = found
    return newest


def _folder(database: duckdb.DuckDBPyConnection) -> Path:
    """Beside the file, for as long as a copy takes."""
    return Path(str(path_of(database))).with_name("fetched")
