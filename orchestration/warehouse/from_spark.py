"""A build on Spark, seen from here: what it is told, and its marts brought into the DuckDB file.

Enters: the Iceberg catalog and a connection to the DuckDB file, under its lock. Leaves: the run's
settings as an Iceberg table; marts in the file, from where they are published and sent as those
that DuckDB built.
"""

import json
from typing import TYPE_CHECKING

import duckdb

if TYPE_CHECKING:
    from pyiceberg.catalog.sql import SqlCatalog

NAMESPACES = ("default", "pipeline", "refreshed")  # PyHive wants one named `default`
JSON_COLUMNS = {"account_traits": "traits"}  # Spark has no such type
# What the conditions for replaced rows look at, and where the models have left those.
CHANGED = (
    ("intermediate", "int_accounts_to_rebuild"),
    ("intermediate", "int_customers_to_rebuild"),
)
REPLACED = "replaced"
UNKNOWN_VALUES = ("intermediate", "int_unknown_values")


def prepare_build(catalog: "SqlCatalog", database: duckdb.DuckDBPyConnection) -> None:
    """`pipeline.run_settings`, as it is in the file, for the models on Spark."""
    for name in NAMESPACES:
        catalog.create_namespace_if_not_exists(name)
    row = database.sql("from pipeline.run_settings").to_arrow_table()
    table = catalog.create_table_if_not_exists(("pipeline", "run_settings"), schema=row.schema)
    table.overwrite(row)


def collect_marts(
    catalog: "SqlCatalog", database: duckdb.DuckDBPyConnection, *, passed: bool, refreshed: bool
) -> None:
    """The marts of a build that passed, if it only `refreshed` them the rows that it replaced; of
    one that failed the values that no rule knows."""
    if not passed:
        if catalog.table_exists(UNKNOWN_VALUES):
            _collect(catalog, database, *UNKNOWN_VALUES)
        return
    for schema, name in CHANGED if refreshed else ():
        _collect(catalog, database, schema, name)
    for _, name in catalog.list_tables("marts"):
        if refreshed:
            _collect_replaced(catalog, database, name)
        else:
            _collect(catalog, database, "marts", name)


def _collect_replaced(
    catalog: "SqlCatalog", database: duckdb.DuckDBPyConnection, name: str
) -> None:
    """The rows that the build put in, in place of those it took out, noted for the publication as
    by a build of DuckDB. A mart that it had to make anew is replaced whole."""
    schema, conditions = "marts", ["true"]
    if catalog.table_exists(("refreshed", name)):
        schema = "refreshed"
        conditions = json.loads(catalog.load_table((schema, name)).properties[REPLACED])
    _collect(catalog, database, schema, name, into="refreshed")
    for condition in conditions:
        database.execute(f'delete from marts."{name}" where {condition}')
        database.execute("insert into pipeline.replaced values (?, ?)", [name, condition])
    database.execute(f'insert into marts."{name}" by name from refreshed."{name}"')


def _collect(
    catalog: "SqlCatalog",
    database: duckdb.DuckDBPyConnection,
    schema: str,
    name: str,
    into: str | None = None,
) -> None:
    """One table, streamed, with its columns' descriptions."""
    table = catalog.load_table((schema, name))
    here = f'{into or schema}."{name}"'
    text = JSON_COLUMNS.get(name)
    cast = f"replace (cast({text} as json) as {text})" if text else ""
    database.execute(f"create schema if not exists {into or schema}")
    database.register("collected", table.scan().to_arrow_batch_reader())
    database.execute(f"create or replace table {here} as select * {cast} from collected")
    database.unregister("collected")
    for column in table.schema().fields:
        if column.doc:
            said = column.doc.replace("'", "''")
            database.execute(f"comment on column {here}.\"{column.name}\" is '{said}'")
