"""The landing tables in one DuckDB file.

Enters: its path. Leaves: connections, dlt's destination and the merge with its version guard.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from ingestion.engines.duck_catalog import has, tables_of
from ingestion.engines.guard import MEMORY, SCHEMA, not_older
from ingestion.engines.interface import Engine
from ingestion.engines.migrate import add_account_columns
from ingestion.inbox.cursors import DUCKDB
from ingestion.landing import BY_NAME
from ingestion.landing.columns import Table

if TYPE_CHECKING:
    import pyarrow as pa
    from dlt.common.destination import Destination


@dataclass(frozen=True)
class DuckFile(Engine):
    """`stripe.*` in the file at `path`, which need not be there yet."""

    path: Path

    @property
    def place(self) -> str:
        """One DATA_DIR has one file, which may be moved with it."""
        return DUCKDB

    @contextmanager
    def opened_once(self) -> Iterator[None]:
        """Whoever opens the file in the block finds it open: a first opening reads the catalog, a
        last closing writes a checkpoint, 30 ms in all. A new file is left to whom makes it."""
        with duckdb.connect(str(self.path)) if self.path.exists() else nullcontext():
            yield

    def tables(self) -> set[str]:
        if not self.path.exists():
            return set()
        with duckdb.connect(str(self.path)) as database:
            return set(BY_NAME) if has(database, BY_NAME) else set(tables_of(database, SCHEMA))

    @contextmanager
    def reading(
        self,
        *tables: str,  # noqa: ARG002 - the file has them all
        memory: str | None = None,
    ) -> Iterator[duckdb.DuckDBPyConnection]:
        with duckdb.connect(str(self.path)) as database:
            if memory:
                database.execute(f"set memory_limit = '{memory}'")
            yield database

    def merge_few(self, tables: "Mapping[str, pa.Table]") -> bool:
        from ingestion.engines.duck_merge import merge_few

        return merge_few(self.path, tables)

    def destination(self) -> "Destination[Any, Any]":
        import dlt
        from dlt.destinations.impl.duckdb.configuration import DuckDbCredentials

        credentials = DuckDbCredentials(str(self.path))
        credentials.global_config = {"memory_limit": MEMORY}
        return dlt.destinations.duckdb(credentials)

    def hints(self, table: Table) -> dict[str, Any]:
        merging = {
            "disposition": "merge",
            "strategy": "delete-insert",
            "source_filter": not_older(table),
        }
        return {"write_disposition": merging}

    def add_account_columns(self, stripe_account_id: str, now: datetime) -> list[str]:
        return add_account_columns(self.path, stripe_account_id, now)
