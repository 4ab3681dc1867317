"""The landing tables as Iceberg tables, which Spark reads through the same catalog.

Enters: the catalog's database and the folder of the tables. Leaves: connections that read them in
DuckDB's SQL, straight from their Parquet files; dlt's destination. No Spark is needed here.
"""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import duckdb
import pyarrow as pa
import pyarrow.dataset as ds
from dlt.common.destination import Destination
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.exceptions import NoSuchNamespaceError

from ingestion.engines.guard import SCHEMA
from ingestion.engines.lake_destination import lake_destination
from ingestion.engines.parquet_files import dataset, tasks
from ingestion.landing import TABLES
from ingestion.landing.columns import Table
from ingestion.landing.schema import schema

CATALOG = "lake"  # Spark's configuration has the same name
SCHEMAS = {table.name: schema(table) for table in TABLES}


@dataclass(frozen=True)
class Lake:
    """`stripe.*` in the Iceberg catalog `lake`, kept in the PostgreSQL database at `catalog_url`
    (which may hold a password); data and metadata below `folder`, a path or a bucket's URL."""

    catalog_url: str = field(repr=False)
    folder: str

    @property
    def catalog(self) -> SqlCatalog:
        return _catalog(self.catalog_url, self.folder)

    @property
    def place(self) -> str:
        database = urlsplit(self.catalog_url)
        return f"{database.hostname}{database.path} {self.folder}"

    def opened_once(self) -> AbstractContextManager[None]:
        return nullcontext()

    def loading(self, stripe_account_id: str) -> AbstractContextManager[None]:  # noqa: ARG002
        return nullcontext()

    def tables(self) -> set[str]:
        try:
            return {name for _, name in self.catalog.list_tables(SCHEMA)} & SCHEMAS.keys()
        except NoSuchNamespaceError:
            return set()

    @contextmanager
    def reading(
        self, *tables: str, memory: str | None = None
    ) -> Iterator[duckdb.DuckDBPyConnection]:
        there = self.tables()
        with (
            tempfile.TemporaryDirectory(prefix="lake-") as spilled,
            duckdb.connect(config={"temp_directory": spilled}) as database,
        ):
            if memory:
                database.execute(f"set memory_limit = '{memory}'")
            database.execute(f"create schema {SCHEMA}")
            for name in tables:
                # A first load that was killed leaves some tables unmade.
                found = self._rows(name) if name in there else SCHEMAS[name].empty_table()
                database.register(f"lake_{name}", found)
                database.execute(f"create view {SCHEMA}.{name} as from lake_{name}")
            yield database

    def _rows(self, name: str) -> ds.Dataset:
        table = self.catalog.load_table((SCHEMA, name))
        return dataset(table, tasks(table), SCHEMAS[name])

    def merge_few(self, tables: Mapping[str, pa.Table]) -> bool:  # noqa: ARG002 - dlt merges all
        return False

    def destination(self) -> Destination[Any, Any]:
        return lake_destination(self.catalog, self.folder)

    def hints(self, table: Table) -> dict[str, Any]:  # noqa: ARG002 - the same for all
        merging = {"disposition": "merge", "strategy": "upsert"}
        return {"write_disposition": merging, "table_format": "iceberg"}

    def add_account_columns(self, stripe_account_id: str, now: datetime) -> list[str]:  # noqa: ARG002
        """There never was an older shape here."""
        return []


@cache
def _catalog(url: str, folder: str) -> SqlCatalog:
    return SqlCatalog(
        CATALOG,
        uri=url.replace("postgresql://", "postgresql+psycopg://", 1),
        warehouse=folder,
        pool_pre_ping="true",
    )
