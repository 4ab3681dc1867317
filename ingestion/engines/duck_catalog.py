"""What a DuckDB file has, and what is attached to it: tables of a schema, columns of a table.

Enters: a connection. Leaves: names.
"""

import duckdb

from ingestion.engines.guard import SCHEMA


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
