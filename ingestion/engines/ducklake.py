"""The landing tables in a DuckLake: Parquet files in a folder, their catalog in PostgreSQL.

Enters: the catalog's database and the folder. Leaves: connections that read the tables of one
moment; dlt's destination, whose loads are one commit each; tables lent to the DuckDB file where
a build runs, and its marts given to the lake. Whoever writes waits for whoever does, nobody reads
half a load.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import duckdb
import psycopg
from dlt.common.destination import Destination
from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from ingestion.engines.dlt_files import DltFiles, Files
from ingestion.engines.duck_catalog import tables_of
from ingestion.engines.duck_merge import latest, merge_rows
from ingestion.engines.guard import MEMORY, SCHEMA
from ingestion.engines.interface import Engine
from ingestion.engines.unreachable import LakeUnreachable
from ingestion.landing import BY_NAME
from ingestion.landing.columns import Table
from ingestion.landing.schema import LOADED_AT, SCHEMAS

LAKE = "lake"
METADATA = "ducklake"  # PostgreSQL's schema
EXTENSIONS = ("postgres_scanner", "ducklake")  # the second looks for the first
# To DuckLake it is no conflict if two writers insert the same key.
ALONE = "select pg_advisory_xact_lock(hashtextextended('stripe_traits ' || %s::text, 0))"


_again = retry(
    # Two new processes make the catalog's tables at once; a compaction by others came between.
    retry=retry_if_exception_type((LakeUnreachable, duckdb.TransactionException)),
    stop=stop_after_attempt(6),
    wait=wait_random_exponential(multiplier=0.1, max=2),
    reraise=True,
)


@dataclass(frozen=True)
class DuckLake(Engine):
    """`stripe.*` in the DuckLake whose catalog is in the PostgreSQL database at `catalog_url`
    (which may hold a password) and whose files are below the path `folder`."""

    catalog_url: str = field(repr=False)
    folder: str

    @property
    def place(self) -> str:
        database = urlsplit(self.catalog_url)
        return f"{database.hostname}{database.path} {self.folder}"

    @contextmanager
    def loading(self, stripe_account_id: str) -> Iterator[None]:
        # A tombstone is made of the row that is landed: it must be that until it is merged.
        with psycopg.connect(self.catalog_url) as waiting:
            waiting.execute(ALONE, [f"load {stripe_account_id}"])
            yield

    def tables(self) -> set[str]:
        with self._connected() as database:
            return set(tables_of(database, SCHEMA, LAKE))

    @contextmanager
    def reading(
        self, *tables: str, memory: str | None = None
    ) -> Iterator[duckdb.DuckDBPyConnection]:
        with self._connected() as database:
            database.execute(f"set memory_limit = '{memory}'" if memory else "select 1")
            database.begin()  # all of it of one moment
            _show(database, tables)
            yield database

    def destination(self) -> Destination[Any, Any]:
        return DltFiles(self.merge)

    @_again
    def merge(self, files: Files) -> None:
        """One load: in all tables or in none. `loaded_at` is put above all that is landed, as a
        load that began later may have been committed before."""
        with self._connected() as database, self._alone(database):
            database.execute(f"set memory_limit = '{MEMORY}'; use {LAKE}")
            database.execute(f"create schema if not exists {SCHEMA}")
            for name in files:
                _make(database, name)
            floor = latest(database, tables_of(database, SCHEMA, LAKE))
            for name, paths in sorted(files.items()):
                _merge(database, BY_NAME[name], paths, floor)

    def attach_snapshot(self, database: duckdb.DuckDBPyConnection) -> None:
        """`stripe.*` as views in a DuckDB file, on the lake as it is now: other loads do not move
        it. Until `detach`, or until nobody has the file open."""
        self.detach(database)
        with self._connected() as now:
            snapshot = now.execute(f"select max(snapshot_id) from {LAKE}.snapshots()").fetchone()
        self._attach(database, f", snapshot_version {(snapshot or [0])[0]}")
        _show(database, tuple(BY_NAME))

    def detach(self, database: duckdb.DuckDBPyConnection) -> None:
        """The lake, out of the file."""
        database.execute(f"detach database if exists {LAKE}")

    @_again
    def share(self, database: duckdb.DuckDBPyConnection, schema: str) -> None:
        """The tables of a schema of the file, in place of the lake's, in one commit."""
        self.detach(database)
        self._attach(database)
        try:
            with self._alone(database):
                database.execute(f"create schema if not exists {LAKE}.{schema}")
                for name in tables_of(database, schema):
                    table = f'{schema}."{name}"'
                    database.execute(f"create or replace table {LAKE}.{table} as from {table}")
        finally:
            self.detach(database)

    @contextmanager
    def _alone(self, database: duckdb.DuckDBPyConnection) -> Iterator[None]:
        """A transaction in which nobody else writes, committed at the block's end."""
        with psycopg.connect(self.catalog_url) as waiting:
            waiting.execute(ALONE, ["write"])
            database.begin()
            try:
                yield
                waiting.execute("select 1")  # raises where the lock was lost meanwhile
                database.commit()
            except BaseException:
                with suppress(duckdb.Error):  # a commit that failed is rolled back already
                    database.rollback()
                raise

    @contextmanager
    def _connected(self) -> Iterator[duckdb.DuckDBPyConnection]:
        # pip has compared the extensions' hashes; once more for each connection takes 0.3 s.
        with duckdb.connect(config={"allow_unsigned_extensions": "true"}) as database:
            self._attach(database)
            yield database

    @_again
    def _attach(self, database: duckdb.DuckDBPyConnection, options: str = "") -> None:
        try:
            for name in EXTENSIONS:
                database.execute(f"load {_quoted(_extension(name))}")
            database.execute(
                f"attach {_quoted(f'ducklake:postgres:{self.catalog_url}')} as {LAKE}"
                f" (data_path {_quoted(self.folder)}, metadata_schema '{METADATA}'{options})"
            )
        except duckdb.Error as error:
            kind = type(error).__name__
            raise LakeUnreachable(
                f"the DuckLake cannot be opened ({kind}): look at the PostgreSQL database and the"
                " folder that WAREHOUSE_URL names"
            ) from None


def _show(database: duckdb.DuckDBPyConnection, tables: tuple[str, ...]) -> None:
    """`stripe.TABLE` of the database itself, without rows where the lake has none."""
    there = tables_of(database, SCHEMA, LAKE)
    database.execute(f"create schema if not exists {SCHEMA}")
    for name in tables:
        rows = f"{LAKE}.{SCHEMA}.{name}" if name in there else f"empty_{name}"
        if name not in there:
            database.register(f"empty_{name}", SCHEMAS[name].empty_table())
        database.execute(f"create or replace view {SCHEMA}.{name} as from {rows}")


def _make(database: duckdb.DuckDBPyConnection, name: str) -> None:
    """The table in today's columns."""
    today = SCHEMAS[name].empty_table()
    database.register("today", today)
    database.execute(f"create table if not exists {SCHEMA}.{name} as from today")
    has = {row[0] for row in database.execute(f"describe {SCHEMA}.{name}").fetchall()}
    for column, kind in [row[:2] for row in database.execute("describe today").fetchall()]:
        if column not in has:
            database.execute(f"alter table {SCHEMA}.{name} add column {column} {kind}")
    database.unregister("today")


def _merge(
    database: duckdb.DuckDBPyConnection, table: Table, files: list[str], floor: datetime | None
) -> None:
    """Rows in place of those of the same key, but for what is older than they are."""
    at = LOADED_AT.name
    above = f"greatest({at}, $floor::timestamp + interval 1 microsecond)"
    names = ", ".join(f"{above} as {at}" if one == at else one for one in SCHEMAS[table.name].names)
    values = {"files": files, "floor": floor}
    merge_rows(database, table, "read_parquet($files)", names, values)


def _extension(name: str) -> str:
    """Its file, of a wheel that is of this very DuckDB."""
    wheel = import_module(f"duckdb_extension_{name}")
    [found] = Path(str(wheel.__file__)).parent.glob(f"extensions/*/{name}.duckdb_extension")
    return str(found)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
