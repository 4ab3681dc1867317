"""What a DuckDB file has, and what is attached to it: tables of a schema, columns of a table.

Enters: a connection. Leaves: names. To read the catalog takes some milliseconds, whatever is asked
of it; to bind names takes one.
"""

from collections.abc import Iterable

import duckdb

from ingestion.engines.guard import SCHEMA


def has(database: duckdb.DuckDBPyConnection, tables: Iterable[str], columns: str = "null") -> bool:
    """Whether all these landing tables are there, with these columns. Not in a transaction: one
    that is not there would end it."""
    named = " cross join ".join(f"{SCHEMA}.{name}" for name in tables)
    try:
        database.execute(f"select {columns} from {named} limit 0")
    except (duckdb.BinderException, duckdb.CatalogException):
        return False
    return True


def tables_of(
    database: duckdb.DuckDBPyConnection, schema: str, catalog: str | None = None
) -> list[str]:
    """In order; `catalog`: of which database that is attached, None: of the file itself."""
    found = database.execute(
        "select table_name from duckdb_tables() where schema_name = ? and not temporary"
        " and database_name = coalesce(?, current_database()) order by 1",
        [schema, catalog],
    ).fetchall()
    return [name for (name,) in found]


def columns_of(database: duckdb.DuckDBPyConnection, name: str) -> set[str]:
    """Those that a landing table has; none where it is not there."""
    found = database.execute(
        "select column_name from duckdb_columns() where schema_name = ? and table_name = ?",
        [SCHEMA, name],
    ).fetchall()
    return {column for (column,) in found}
