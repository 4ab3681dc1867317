"""The marts of a build as Iceberg tables of the lake, for those who read it.

Enters: the catalog, and the DuckDB file in which a build has passed. Leaves: tables `marts.*` with
its rows, each replaced in one commit where they differ; then, in one commit, which snapshots of
them are of one build (`current`, a property of `pipeline.builds`).
"""

import hashlib
import json
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
from pyiceberg.exceptions import NoSuchNamespaceError, NoSuchTableError
from pyiceberg.table import Table

from ingestion.engines.duck_catalog import tables_of
from ingestion.engines.iceberg.columns import todays
from ingestion.engines.iceberg.commits import again
from ingestion.engines.iceberg.file_swap import BATCH_ROWS, in_parts, replace_files
from ingestion.engines.iceberg.parquet_files import tasks

if TYPE_CHECKING:
    from pyiceberg.catalog import Catalog

MARTS = "marts"
BUILDS = ("pipeline", "builds")
EMPTY = pa.schema([("build", pa.string())])
CURRENT, COLUMNS = "current", "columns"
# Iceberg has no such types.
AS_TEXT, AS_DECIMAL, AS_BIGINT = ("JSON", "UUID", "ENUM"), ("HUGEINT", "UBIGINT"), ("UINTEGER",)
Shared = dict[str, dict[str, Any]]  # of each mart its snapshot, and a digest of its rows


def share(catalog: "Catalog", database: duckdb.DuckDBPyConnection) -> None:
    """What differs from the build before."""
    catalog.create_namespace_if_not_exists(MARTS)
    before, now = current(catalog), Shared()
    for name in tables_of(database, MARTS):
        now[name] = _shared(catalog, database, name, before.get(name, {}))
    [(build,)] = database.execute("select id from pipeline.last_build").fetchall()
    _say(catalog, json.dumps({"build": build, MARTS: now}))


def current(catalog: "Catalog") -> Shared:
    """The marts of the last build that was shared whole."""
    try:
        said = catalog.load_table(BUILDS).properties.get(CURRENT)
    except (NoSuchNamespaceError, NoSuchTableError):
        return {}
    found: Shared = json.loads(said)[MARTS] if said else {}
    return found


def _say(catalog: "Catalog", said: str) -> None:
    def commit() -> None:
        catalog.create_namespace_if_not_exists(BUILDS[0])
        table = catalog.create_table_if_not_exists(BUILDS, EMPTY)
        with table.transaction() as change:
            change.set_properties({CURRENT: said})

    again(commit)


def _shared(
    catalog: "Catalog", database: duckdb.DuckDBPyConnection, name: str, before: dict[str, Any]
) -> dict[str, Any]:
    digest = _digest(database, name)
    if before.get("digest") == digest:
        return before
    made = again(lambda: _replaced(catalog, database, name))
    snapshot = made.current_snapshot()
    return {"snapshot": snapshot.snapshot_id if snapshot else None, "digest": digest}


def _digest(database: duckdb.DuckDBPyConnection, name: str) -> str:
    """Of the rows, in any order, and of the columns."""
    found = database.execute(
        "select count(*), bit_xor(hash(mart)), sum((hash(mart) // 4294967296)::bigint)"
        f' from {MARTS}."{name}" as mart'
    ).fetchall()
    return hashlib.sha256(repr([found, _described(database, name)]).encode()).hexdigest()


def _described(database: duckdb.DuckDBPyConnection, name: str) -> list[tuple[str, str, str | None]]:
    return database.execute(
        "select column_name, data_type, comment from duckdb_columns() where schema_name = ?"
        " and table_name = ? and database_name = current_database() order by column_index",
        [MARTS, name],
    ).fetchall()


def _replaced(catalog: "Catalog", database: duckdb.DuckDBPyConnection, name: str) -> Table:
    """All rows anew, in one snapshot."""
    columns = _described(database, name)
    rows = database.sql(f'select {", ".join(map(_selected, columns))} from {MARTS}."{name}"')
    reader = rows.to_arrow_reader(BATCH_ROWS)
    arrow = pa.schema(
        [
            field.with_metadata({"doc": said} if said else None)
            for field, (*_, said) in zip(reader.schema, columns, strict=True)
        ]
    )
    table = _table(catalog, name, arrow, repr(columns))
    replace_files(table, in_parts(reader), [task.file for task in tasks(table)])
    return table.refresh()


def _table(catalog: "Catalog", name: str, columns: pa.Schema, described: str) -> Table:
    """In these columns; with others it is made anew."""
    table = todays(catalog, (MARTS, name), columns)
    if table.properties.get(COLUMNS, described) != described:
        catalog.drop_table((MARTS, name))
        table = todays(catalog, (MARTS, name), columns)
    if COLUMNS not in table.properties:
        with table.transaction() as change:
            change.set_properties({COLUMNS: described})
    return table


def _selected(column: tuple[str, str, str | None]) -> str:
    name, kind, _ = column
    if kind.startswith(AS_TEXT):
        return f'cast("{name}" as varchar) as "{name}"'
    if kind in AS_DECIMAL:
        return f'cast("{name}" as decimal(38, 0)) as "{name}"'
    return f'cast("{name}" as bigint) as "{name}"' if kind in AS_BIGINT else f'"{name}"'
