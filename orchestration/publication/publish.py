"""The published copy `marts.duckdb`: what analysts, BI tools and the reverse-sync read.

Enters: the warehouse, under its lock. Leaves: one file that is replaced whole, so that a reader
sees the old copy or the new one and never waits. Nothing is computed here.

The tables stand in `main`, and no schema is called `marts`: DuckDB names an opened file's catalog
after the file, so `x` and `marts.x` both work, opened and attached. Beside a schema `marts`,
`marts.x` would be ambiguous.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from orchestration.alert_rules.schema import TABLES as ALERT_TABLES
from orchestration.build import mart_comparisons
from orchestration.own_traits import problems as own_traits_problems
from orchestration.publication import own_traits_members, segments_trait
from orchestration.publication.marts import count_rows
from orchestration.publication.published_file import Copy, quoted, replacing
from report.segments.schema import TABLES as SEGMENT_TABLES
from reverse_sync.state.column_docs import COLUMNS, TABLES

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

# An account's traits as one JSON text; DuckDB's own choice for it takes ten times the room.
COMPRESSED = "using compression zstd"
COMMENT = """
select comment from duckdb_tables()
where database_name = current_database() and schema_name = $schema and table_name = $name
"""
COLUMN_COMMENTS = """
select column_name, comment from duckdb_columns()
where database_name = current_database() and schema_name = $schema and table_name = $name
order by column_index
"""


def publish(  # noqa: PLR0913  (all by keyword)
    database: duckdb.DuckDBPyConnection,
    marts: Path,
    *,
    build: str | None = None,
    follows: str | None = None,
    at: datetime | None = None,
    copy: Copy | None = None,
) -> dict[str, int]:
    """Copy all marts and the sync's own records to `marts`; rows by table.

    `build` is the id of what the warehouse holds. It replaced some rows of the build that it
    `follows`: where that one is published, the same rows are replaced in a copy of the file, which
    is cheaper than to write all of them. `at` is noted as the moment of publication (aware): the
    reverse-sync refuses an old copy. `copy` was begun beside the build.
    """
    if follows and published_build(database, marts) == follows:
        return _publish_replaced(database, copy or Copy(marts), build, at)
    with replacing(database, marts):
        database.execute("create schema published.publication")
        tables = [*_sync_tables(database), *_tables(database, "marts")]
        counts = {name: _copy(database, schema, name) for schema, name in tables}
        _mark(database, build, at)
        _publish_target(database)
        return counts


def published_build(database: duckdb.DuckDBPyConnection, marts: Path) -> str | None:
    """The id of the build that the published copy is of; None where that is not known."""
    if not marts.exists():
        return None
    database.execute(f"attach {quoted(marts)} as last_published (read_only)")
    try:
        row = database.execute("select id from last_published.publication.build").fetchone()
    except (duckdb.CatalogException, duckdb.BinderException):  # nothing, or an older version's
        return None
    finally:
        database.execute("detach last_published")
    return row[0] if row else None


def _publish_replaced(
    database: duckdb.DuckDBPyConnection, copy: Copy, build: str | None, at: datetime | None
) -> dict[str, int]:
    replaced = database.execute("select mart, rows from pipeline.replaced").fetchall()
    with replacing(database, copy.marts, copy):
        tables = _tables(database, "marts")
        for _, name in tables:
            _replace_rows(database, name, [rows for mart, rows in replaced if mart == name])
        _replace_sync_tables(database)
        _mark(database, build, at)
        published = [name for _, name in [*tables, *_sync_tables(database)]]
        return {name: count_rows(database, f'published.main."{name}"') for name in published}


def _replace_rows(database: duckdb.DuckDBPyConnection, name: str, conditions: list[str]) -> None:
    """What the build deleted and put in; nothing where it left the mart alone."""
    for rows in conditions:
        database.execute(f'delete from published.main."{name}" where {rows}')
    if conditions:
        fresh = _as_published(database, f'refreshed."{name}"', name)
        database.execute(f'insert into published.main."{name}" by name {fresh}')


def _mark(database: duckdb.DuckDBPyConnection, build: str | None, at: datetime | None) -> None:
    """Of the build its mode, because traits of another one must not be read by it, and its `as_of`,
    from which readers measure what is near."""
    published_at = at.astimezone(UTC).replace(tzinfo=None) if at else None
    mode = _built_with(database, "multiple_subscriptions")
    as_of = _built_with(database, "as_of")
    database.execute(
        "create or replace table published.publication.build as select $build::varchar as id,"
        " $at::timestamp as published_at, $mode::boolean as multiple_subscriptions,"
        " $as_of::timestamp as as_of",
        {"build": build, "at": published_at, "mode": mode, "as_of": as_of},
    )


def _built_with(database: duckdb.DuckDBPyConnection, setting: str) -> Any:
    """A setting of the build; None: it is not known."""
    if setting not in dict(_columns(database, None, "pipeline", "run_settings")):
        return None
    row = database.execute(f"select {setting} from pipeline.run_settings").fetchone()
    return row[0] if row else None


def publish_sync(database: duckdb.DuckDBPyConnection, marts: Path) -> None:
    """Replace the sync's records alone: the marts in the warehouse may be a failed build's."""
    with replacing(database, marts, Copy(marts)):
        _replace_sync_tables(database)


def _publish_target(database: duckdb.DuckDBPyConnection) -> None:
    """Which build the account store was brought to, for who asks without opening the warehouse."""
    database.execute("create schema if not exists published.publication")
    own_traits_problems.publish(database)
    if _columns(database, None, "sync", "sync_target"):
        database.execute(
            "create or replace table published.publication.target as"
            " select columns('^(digest|delivered_.*|waits_.*)$') from sync.sync_target"
        )


def _replace_sync_tables(database: duckdb.DuckDBPyConnection) -> None:
    is_sent = _segments_are_sent(database)
    if is_sent:
        there = bool(_columns(database, "published", "main", segments_trait.MEMBERS))
        segments_trait.note_moved(database, published_members=there)
    for schema, name in _sync_tables(database):
        if _columns(database, "published", "main", name) != _columns(database, None, schema, name):
            database.execute(f'drop table if exists published.main."{name}"')
            _copy(database, schema, name)
        elif name not in GROWING or not _brought_up(database, name, *GROWING[name]):
            database.execute(f'delete from published.main."{name}"')
            database.execute(f'insert into published.main."{name}" from {schema}."{name}"')
    if is_sent:
        segments_trait.bring(database)
    _publish_target(database)


def _segments_are_sent(database: duckdb.DuckDBPyConnection) -> bool:
    """Whether the traits of the build name the segments, and any was judged."""
    is_on = _built_with(database, segments_trait.SETTING)
    return bool(is_on and _columns(database, None, "segments", segments_trait.MEMBERS))


def _as_published(database: duckdb.DuckDBPyConnection, rows: str, name: str) -> str:
    """Rows of a table as a query."""
    if name == own_traits_members.MART and _columns(database, None, "custom", "members"):
        rows = own_traits_members.with_own_traits(rows)
    if name == segments_trait.MART and _segments_are_sent(database):
        return segments_trait.with_segments(rows)
    return f"from {rows}"


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


def _columns(
    database: duckdb.DuckDBPyConnection, catalog: str | None, schema: str, name: str
) -> list[tuple[str, str]]:
    """Names and types in order; none where there is no such table."""
    return database.execute(
        "select column_name, data_type from duckdb_columns()"
        " where database_name = coalesce(?, current_database()) and schema_name = ?"
        " and table_name = ? order by column_index",
        [catalog, schema, name],
    ).fetchall()


def _sync_tables(database: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    """And who is in a segment: what is kept beside the marts, by schema and name."""
    return [
        table
        for schema, kept in RECORDS.items()
        for table in _tables(database, schema)
        if table[1] in kept
    ]


def _tables(database: duckdb.DuckDBPyConnection, schema: str) -> list[tuple[str, str]]:
    return database.execute(
        "select table_schema, table_name from information_schema.tables"
        " where table_catalog = current_database() and table_schema = ? order by all",
        [schema],
    ).fetchall()


def _copy(database: duckdb.DuckDBPyConnection, schema: str, name: str) -> int:
    target, source = f'published.main."{name}"', f'"{schema}"."{name}"'
    columns = ", ".join(
        f'"{column}" {kind} {COMPRESSED if column == "traits" else ""}'
        for column, kind in _columns(database, None, schema, name)
    )
    database.execute(f"create table {target} ({columns})")
    database.execute(f"insert into {target} {_as_published(database, source, name)}")
    for what, comment in _comments(database, schema, name):
        database.execute(f"comment on {what} is {_text(comment)}")
    return count_rows(database, target)


def _comments(
    database: duckdb.DuckDBPyConnection, schema: str, name: str
) -> Iterator[tuple[str, str]]:
    """Of the table and its columns: the marts carry their own, the sync's tables have them beside
    their code."""
    target = f'published.main."{name}"'
    own = {"schema": schema, "name": name}
    for (comment,) in database.execute(COMMENT, own).fetchall():
        yield f"table {target}", TABLES.get(name, comment or "")
    for column, comment in database.execute(COLUMN_COMMENTS, own).fetchall():
        described = COLUMNS.get(name, {}).get(column, comment)
        if described:
            yield f'column {target}."{column}"', described


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
