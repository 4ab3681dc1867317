"""The landing tables as Iceberg tables, which others read through the same catalog.

Enters: a catalog. Leaves: connections that read the tables in DuckDB's SQL, straight from their
Parquet files; dlt's destination, whose loads are one commit a table, made again on the table as it
is then where another writer was first. Which catalog it is stands in `lake` and `rest_lake`.
"""

import tempfile
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.dataset as ds
from dlt.common.destination import Destination
from pyiceberg.catalog import Catalog
from pyiceberg.exceptions import NoSuchNamespaceError
from pyiceberg.table import Table

from ingestion.engines.dlt_files import DltFiles, Files
from ingestion.engines.guard import SCHEMA
from ingestion.engines.iceberg.columns import Made, todays
from ingestion.engines.iceberg.commits import again
from ingestion.engines.iceberg.merge import merge
from ingestion.engines.iceberg.parquet_files import dataset, tasks
from ingestion.engines.interface import Engine
from ingestion.landing import BY_NAME
from ingestion.landing.schema import SCHEMAS

AT_ONCE = 4  # tables that are merged side by side: each commit waits for the catalog


class IcebergTables(Engine):
    """`stripe.*` in an Iceberg catalog."""

    @property
    @abstractmethod
    def catalog(self) -> Catalog: ...

    def made(self, name: str) -> Made:  # noqa: ARG002
        """How a landing table is made."""
        return Made()

    def used(self) -> AbstractContextManager[None]:
        """Whatever asks the catalog or its store."""
        return nullcontext()

    def tables(self) -> set[str]:
        with self.used(), suppress(NoSuchNamespaceError):
            return {name for _, name in self.catalog.list_tables(SCHEMA)} & SCHEMAS.keys()
        return set()

    @contextmanager
    def reading(
        self, *tables: str, memory: str | None = None
    ) -> Iterator[duckdb.DuckDBPyConnection]:
        there = self.tables()
        with (
            self.used(),
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

    def merge_few(self, tables: Mapping[str, pa.Table]) -> bool:
        """dlt makes the tables; a few rows go without it."""
        self._merge({name: ds.dataset(rows) for name, rows in tables.items()})
        return True

    def destination(self) -> Destination[Any, Any]:
        return DltFiles(self._merge_files)

    def _merge_files(self, files: Files) -> None:
        self.catalog.create_namespace_if_not_exists(SCHEMA)
        self._merge(
            {
                name: ds.dataset(paths, schema=SCHEMAS[name], format="parquet")
                for name, paths in files.items()
            }
        )

    def _merge(self, came: Mapping[str, ds.Dataset]) -> None:
        """One commit a table."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(lambda name: self._merge_table(name, came[name]), sorted(came)))

    def _merge_table(self, name: str, rows: ds.Dataset) -> None:
        again(lambda: merge(self.todays(name), BY_NAME[name], rows))

    def todays(self, name: str) -> Table:
        """A landing table in today's columns, for who may write it."""
        return todays(self.catalog, (SCHEMA, name), SCHEMAS[name], self.made(name))
