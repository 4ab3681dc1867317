"""What was built on Spark, compared with what DuckDB built of the same landing tables, row for row.

Enters: a DuckDB warehouse; the lists of data files that Iceberg's own table `files` gives; for a
warehouse that Spark is to build itself, a way to run a statement. Leaves: rows that one has and the
other has not, by table. Nothing here needs Spark: DuckDB reads the files.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

SCHEMAS = ("marts", "history", "intermediate")
TABLES = """
select schema_name, table_name from duckdb_tables()
where schema_name in ('marts', 'history', 'intermediate') order by all
"""
LANDED = """
select schema_name, table_name from duckdb_tables()
where schema_name in ('stripe', 'pipeline') and not starts_with(table_name, '_dlt') order by all
"""
COLUMNS = """
select column_name, data_type from duckdb_columns()
where schema_name = ? and table_name = ? order by column_index
"""


@dataclass(frozen=True)
class Difference:
    """Rows of one table: `missing` on Spark, and `added` there; columns that only one has."""

    missing: list[Any]
    added: list[Any]
    columns: list[str]

    def __bool__(self) -> bool:
        return bool(self.missing or self.added or self.columns)


def files_of(schema: str, table: str) -> str:
    """The query for a table's data files, and for what was deleted beside them, of which there
    must be nothing: a reader of the files alone would not see it."""
    return f"select content, file_path from {schema}.{table}.files"


def differences(
    warehouse: Path, ask: Callable[[str], Iterable[tuple[int, str]]]
) -> dict[str, Difference]:
    """Every table that dbt made in the DuckDB warehouse, compared; `ask` runs a query on Spark."""
    with duckdb.connect(str(warehouse), read_only=True) as database:
        found = {}
        for schema, table in database.execute(TABLES).fetchall():
            files = [*ask(files_of(schema, table))]
            assert not [path for content, path in files if content], f"{schema}.{table}: deletes"
            paths = [path.removeprefix("file:") for _, path in files]
            found[f"{schema}.{table}"] = _difference(database, schema, table, paths)
        return found


def _difference(
    database: duckdb.DuckDBPyConnection, schema: str, table: str, paths: list[str]
) -> Difference:
    columns = database.execute(COLUMNS, [schema, table]).fetchall()
    here = _rows(columns, f'{schema}."{table}"')
    if not paths:
        return Difference(database.execute(here).fetchall(), [], [])
    database.execute(
        "create or replace temporary view there as from read_parquet($paths)".replace(
            "$paths", str(paths)
        )
    )
    names = {row[0] for row in database.execute("describe there").fetchall()}
    odd = sorted(names ^ {name for name, _ in columns})
    if odd:
        return Difference([], [], odd)
    there = _rows(columns, "there")
    missing = database.execute(f"({here}) except all ({there})").fetchall()
    added = database.execute(f"({there}) except all ({here})").fetchall()
    return Difference(missing, added, [])


def _rows(columns: list[tuple[str, str]], relation: str) -> str:
    """JSON is compared as the text that it is."""
    types = {"JSON": "varchar"}
    listed = ", ".join(f'cast("{name}" as {types.get(kind, kind)})' for name, kind in columns)
    return f"select {listed} from {relation}"


def export_landing(warehouse: Path, folder: Path) -> dict[str, Path]:
    """Each table of landed objects and of the orchestration as a Parquet file, by its name."""
    written = {}
    with duckdb.connect(str(warehouse), read_only=True) as database:
        for schema, table in database.execute(LANDED).fetchall():
            path = folder / f"{schema}.{table}.parquet"
            database.execute(f"copy {schema}.\"{table}\" to '{path}'")
            written[f"{schema}.{table}"] = path
    return written


def landing_on_spark(files: dict[str, Path]) -> list[str]:
    """The statements that make Iceberg tables of these files."""
    schemas = sorted({name.split(".")[0] for name in files} | {"default", "refreshed"})
    return [f"create namespace if not exists {schema}" for schema in schemas] + [
        f"create or replace table {name} using iceberg as select * from parquet.`{path}`"
        for name, path in files.items()
    ]
