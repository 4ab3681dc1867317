"""A few rows merged into a DuckDB file by one transaction, as dlt would merge them.

Enters: Arrow tables by landing table. Leaves: all rows merged or none, the newest read of an id
where several came. dlt's folders, states and working tables take a fixed half second, whatever
there is to merge.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from ingestion.engines.duck_catalog import has
from ingestion.engines.guard import KEYS, MEMORY, SCHEMA, coming
from ingestion.landing import BY_NAME
from ingestion.landing.columns import Table
from ingestion.landing.schema import LOADED_AT, schema


def merge_few(path: Path, tables: Mapping[str, pa.Table]) -> bool:
    """False: a landing table lacks a column, or is not there, which is for dlt to make."""
    with duckdb.connect(str(path)) as database:
        database.execute(f"set memory_limit = '{MEMORY}'")
        if not all(_is_todays(database, BY_NAME[name]) for name in tables):
            return False
        database.begin()
        try:
            for name, rows in tables.items():
                database.register("came", rows)
                merge_rows(database, BY_NAME[name], "came")
                database.unregister("came")
            database.commit()
        except BaseException:
            with suppress(duckdb.Error):
                database.rollback()
            raise
    return True


def _is_todays(database: duckdb.DuckDBPyConnection, table: Table) -> bool:
    return has(database, [table.name], ", ".join(f'"{name}"' for name in schema(table).names))


def latest(database: duckdb.DuckDBPyConnection, names: Iterable[str]) -> datetime | None:
    """When the newest row of these landing tables was landed."""
    each = (f"select max({LOADED_AT.name}) from {SCHEMA}.{name}" for name in names)
    [found] = database.execute(f"select max(#1) from ({' union all '.join(each)})").fetchall()
    moment: datetime | None = found[0]
    return moment


def merge_rows(
    database: duckdb.DuckDBPyConnection,
    table: Table,
    source: str,
    columns: str = "*",
    values: Mapping[str, Any] | None = None,
) -> None:
    """Rows of `source` in place of those of the same key, but for what is older than they are."""
    database.execute(
        f"create or replace temp table coming as {coming(table, source, columns)}", values or {}
    )
    landed = f"{SCHEMA}.{table.name}"
    database.execute(f"delete from {landed} where ({KEYS}) in (select ({KEYS}) from coming)")
    database.execute(f"insert into {landed} by name from coming")
