"""Why own traits are those of an earlier build: kept in the warehouse, and published.

Enters: lines, or the warehouse with the new copy attached as `published`, or the published copy.
Leaves: the lines; none where all own traits are of the last build, or there are none.
"""

import duckdb

THERE = """
select 1 from duckdb_tables()
where database_name = current_database() and schema_name = $schema and table_name = $name
"""
KEPT = "create or replace table custom.problems as select unnest($lines::varchar[]) as problem"
PUBLISH = """
create or replace table published.publication.own_traits as from custom.problems
"""


def note(database: duckdb.DuckDBPyConnection, lines: list[str]) -> None:
    """In the place of those before."""
    if lines:
        database.execute("create schema if not exists custom")
    if lines or _there(database, "custom", "problems"):
        database.execute(KEPT, {"lines": lines})


def publish(database: duckdb.DuckDBPyConnection) -> None:
    """For who asks without opening the warehouse; some were noted, once."""
    database.execute(PUBLISH)


def published(database: duckdb.DuckDBPyConnection) -> list[str]:
    """Of an open published copy."""
    if not _there(database, "publication", "own_traits"):
        return []
    rows = database.execute("select problem from publication.own_traits").fetchall()
    return [problem for (problem,) in rows]


def _there(database: duckdb.DuckDBPyConnection, schema: str, name: str) -> bool:
    found = database.execute(THERE, {"schema": schema, "name": name})
    return bool(found.fetchall())
