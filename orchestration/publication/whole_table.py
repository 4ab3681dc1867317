"""A table of the warehouse as a table of the published copy, with its descriptions.

Enters: the warehouse with the new copy attached as `published`, its catalog. Leaves: the table.
"""

from collections.abc import Iterator
from typing import Any

import duckdb

from orchestration.publication import own_traits_members, segments_trait
from orchestration.publication.catalog import Catalog
from orchestration.publication.marts import count_rows
from reverse_sync.state.column_docs import COLUMNS, TABLES

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


def copy_table(
    database: duckdb.DuckDBPyConnection, catalog: Catalog, schema: str, name: str
) -> int:
    """Into a copy that has no such table; its rows."""
    target, source = f'published.main."{name}"', f'"{schema}"."{name}"'
    columns = ", ".join(
        f'"{column}" {kind} {COMPRESSED if column == "traits" else ""}'
        for column, kind in catalog.columns(schema, name)
    )
    database.execute(f"create table {target} ({columns})")
    database.execute(f"insert into {target} {as_published(database, catalog, source, name)}")
    for what, comment in _comments(database, schema, name):
        database.execute(f"comment on {what} is {_text(comment)}")
    return count_rows(database, target)


def as_published(
    database: duckdb.DuckDBPyConnection, catalog: Catalog, rows: str, name: str
) -> str:
    """Rows of a table as a query."""
    if name == own_traits_members.MART and catalog.columns("custom", "members"):
        rows = own_traits_members.with_own_traits(rows)
    if name == segments_trait.MART and segments_are_sent(database, catalog):
        return segments_trait.with_segments(rows)
    return f"from {rows}"


def segments_are_sent(database: duckdb.DuckDBPyConnection, catalog: Catalog) -> bool:
    """Whether the traits of the build name the segments, and any was judged."""
    is_on = built_with(database, catalog, segments_trait.SETTING)
    return bool(is_on and catalog.columns("segments", segments_trait.MEMBERS))


def built_with(database: duckdb.DuckDBPyConnection, catalog: Catalog, setting: str) -> Any:
    """A setting of the build; None: it is not known."""
    if setting not in dict(catalog.columns("pipeline", "run_settings")):
        return None
    row = database.execute(f"select {setting} from pipeline.run_settings").fetchone()
    return row[0] if row else None


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
