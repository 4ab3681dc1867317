"""What is kept beside the marts, brought up to date in the published copy: what the sync knows, who
is in a segment, what alert rules noticed, what comparisons found.

Enters: the warehouse with the new copy attached as `published`, its catalog. Leaves: the same
records there; of tables that grow only what was written since.
"""

import duckdb

from orchestration.alert_rules.schema import TABLES as ALERT_TABLES
from orchestration.build import mart_comparisons
from orchestration.own_traits import problems as own_traits_problems
from orchestration.publication import segments_trait
from orchestration.publication.catalog import Catalog
from orchestration.publication.whole_table import copy_table, segments_are_sent
from report.segments.schema import TABLES as SEGMENT_TABLES

SYNC_TABLES = (
    "sync_runs",
    "sync_changelog",
    "sync_snapshot",
    "sync_invalid",
    "sync_drift",
    "sync_backlog",
    "dead_letters",
)
RECORDS = {
    "sync": SYNC_TABLES,
    "segments": SEGMENT_TABLES,
    "alerts": ALERT_TABLES,
    "pipeline": (mart_comparisons.TABLE,),
}
# Tables of the sync with a row for each account or change: what tells which are replaced, and what
# is greater in each row that was written since.
GROWING = {
    "sync_snapshot": ("account_id", ("version", "acknowledged_at", "gone_at")),
    "sync_changelog": ("version", ("version",)),
}


def record_tables(catalog: Catalog) -> list[tuple[str, str]]:
    """Those that are there, by schema and name."""
    return [
        (schema, name)
        for schema, kept in RECORDS.items()
        for name in catalog.tables(schema)
        if name in kept
    ]


def replace_records(database: duckdb.DuckDBPyConnection, catalog: Catalog) -> None:
    """In a copy that has those of before."""
    is_sent = segments_are_sent(database, catalog)
    if is_sent:
        there = bool(catalog.published(segments_trait.MEMBERS))
        segments_trait.note_moved(database, published_members=there)
    for schema, name in record_tables(catalog):
        if catalog.published(name) != catalog.columns(schema, name):
            database.execute(f'drop table if exists published.main."{name}"')
            copy_table(database, catalog, schema, name)
        elif name not in GROWING or not _brought_up(database, name, *GROWING[name]):
            database.execute(f'delete from published.main."{name}"')
            database.execute(f'insert into published.main."{name}" from {schema}."{name}"')
    if is_sent:
        segments_trait.bring(database)
    publish_target(database, catalog)


def publish_target(database: duckdb.DuckDBPyConnection, catalog: Catalog) -> None:
    """Which build the account store was brought to, for who asks without opening the warehouse."""
    database.execute("create schema if not exists published.publication")
    if catalog.columns("custom", "problems"):
        own_traits_problems.publish(database)
    if catalog.columns("sync", "sync_target"):
        database.execute(
            "create or replace table published.publication.target as"
            " select columns('^(digest|delivered_.*|waits_.*)$') from sync.sync_target"
        )


def _brought_up(
    database: duckdb.DuckDBPyConnection, name: str, key: str, rising: tuple[str, ...]
) -> bool:
    """Only what was written since the last copy is copied; False where rows or values were taken
    out, or older ones came."""
    copy = f"published.main.{name}"
    # What was written together has one version: the last one's rows are copied again.
    later = [f"{column} > (select max({column}) from {copy})" for column in rising]
    later += [
        f"({column} is not null and (select max({column}) from {copy}) is null)"
        for column in rising
    ]
    database.execute(
        f"create or replace temp table fresh as select * from sync.{name} where"
        f" version = (select max(version) from {copy}) or {' or '.join(later)}"
    )
    database.execute(f"delete from {copy} where {key} in (select {key} from fresh)")
    database.execute(f"insert into {copy} by name from fresh")
    counts = ", ".join(["count(*)", *(f"count({column})" for column in rising)])
    there, here = (
        database.execute(f"select {counts} from {table}").fetchone()
        for table in (copy, f"sync.{name}")
    )
    return there == here
