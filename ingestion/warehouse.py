"""The landing tables in the warehouse: merge pages through dlt, find what a full read did not see.

Enters: pages. Leaves: merged rows, tombstones included. The one module of ingestion that knows the
engine (DuckDB). The caller holds the lock.
"""

import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import dlt
import duckdb
import pyarrow as pa
from dlt.pipeline.exceptions import PipelineStepFailed

from ingestion.client import StripeError
from ingestion.events import Pointer
from ingestion.landing import TABLES
from ingestion.reader import Page
from ingestion.rows import MissingValue, schema
from ingestion.source import batches, stripe

SCHEMA = "stripe"
BURIED = {table.name: schema(table) for table in TABLES if table.tombstones}


class Landing:
    """`stripe.*` in one DuckDB file."""

    def __init__(self, warehouse: Path, state: Path) -> None:
        self._path = warehouse
        self._state = state

    def merge(self, pages: Iterator[Page]) -> dict[str, int]:
        """Merge pages on `id`; rows by table. All or nothing: a failed read loads no row."""
        pipeline = self._pipeline()
        # What an interrupted load left behind is read again; its cursor never moved.
        pipeline.abort_packages()
        source = stripe(batches(pages, self.tombstones))
        try:
            pipeline.run(source, loader_file_format="parquet")
        except PipelineStepFailed as error:
            raise _cause(error) from None
        finally:
            self._drop_loaded_packages()
        trace = pipeline.last_trace
        counts = trace.last_normalize_info.row_counts if trace and trace.last_normalize_info else {}
        return {table.name: counts.get(table.name, 0) for table in TABLES}

    def _drop_loaded_packages(self) -> None:
        """dlt keeps what it has loaded as plain files: customers' data, again at each load."""
        for loaded in self._state.glob("*/load/loaded/*"):
            shutil.rmtree(loaded, ignore_errors=True)

    def exists(self) -> bool:
        """Whether the file holds landing tables: a new or lost one begins with a full read."""
        if not self._path.exists():
            return False
        with duckdb.connect(str(self._path)) as database:
            found = database.execute(
                "select count(*) from duckdb_tables() where schema_name = ? and table_name = ?",
                [SCHEMA, TABLES[0].name],
            ).fetchone()
        return bool(found and found[0])

    def known(self, stream: str, ids: list[str]) -> set[str]:
        """Which of these ids a landing table holds."""
        with duckdb.connect(str(self._path)) as database:
            found = database.execute(
                f"select id from {SCHEMA}.{stream} where id in (select unnest(?::varchar[]))",
                [ids],
            ).fetchall()
        return {row[0] for row in found}

    def _pipeline(self) -> dlt.Pipeline:
        return dlt.pipeline(
            "stripe_traits",
            destination=dlt.destinations.duckdb(str(self._path)),
            dataset_name=SCHEMA,
            pipelines_dir=str(self._state),
        )

    def unseen(self, *, since: datetime) -> list[Pointer]:
        """Objects that no read since `since` has brought and that are not known to be deleted."""
        select = " union all ".join(
            f"select '{name}', id from {SCHEMA}.{name}"
            " where read_at < $since and deleted_at is null"
            for name in BURIED
        )
        with duckdb.connect(str(self._path)) as database:
            return database.execute(f"{select} order by all", {"since": since}).fetchall()

    def dangling(self) -> list[Pointer]:
        """Customers that subscriptions or invoices name and no list shows: deleted ones."""
        with duckdb.connect(str(self._path)) as database:
            return database.execute(
                f"select distinct 'customers', customer_id from ("
                f" select customer_id from {SCHEMA}.subscriptions"
                f" union all select customer_id from {SCHEMA}.invoices"
                f") as owners anti join {SCHEMA}.customers on customers.id = owners.customer_id"
                " where customer_id is not null order by all"
            ).fetchall()

    def tombstones(self, page: Page) -> pa.Table | None:
        """The last known rows of what is gone, with `deleted_at`; bare ones for unknown ids."""
        if not page.gone or page.stream not in BURIED:
            return None
        arrow = BURIED[page.stream]
        with duckdb.connect(str(self._path)) as database:
            found: pa.Table = database.sql(
                f"select {', '.join(map(_buried, arrow.names))}"
                f" from (select unnest($gone::varchar[]) as id) as gone"
                f" left join {SCHEMA}.{page.stream} as landed using (id) order by gone.id",
                params={"gone": list(page.gone), "at": page.read_at},
            ).to_arrow_table()
        return found.cast(arrow)


class LoadFailed(Exception):
    """The landing tables could not be written; what was read is read again by the next load."""


def _cause(error: BaseException) -> BaseException:
    """What a read raised, out of dlt's wrappings; else one line for the innermost failure."""
    inner, following = error, error.__cause__ or error.__context__
    while following is not None:
        inner, following = following, following.__cause__ or following.__context__
        if isinstance(inner, StripeError | MissingValue | OSError):
            break
    if isinstance(inner, StripeError | MissingValue):
        return inner
    said = (str(inner).splitlines() or [""])[0]
    return LoadFailed(
        f"the landing tables could not be written: {type(inner).__name__}: {said};"
        " nothing is lost: mend it and run again"
    )


def _buried(column: str) -> str:
    """A tombstone keeps all values, `read_at` too: its nested elements stay those of that read."""
    if column in ("deleted_at", "read_at"):
        return f"coalesce(landed.{column}, $at::timestamp) as {column}"
    return "gone.id" if column == "id" else f"landed.{column}"
