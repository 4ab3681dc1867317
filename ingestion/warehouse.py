"""The landing tables in the warehouse: merge pages through dlt, find what a full read did not see.

Enters: pages of one Stripe account. Leaves: merged rows, tombstones included. With `migrate` the
module of ingestion that knows the engine (DuckDB). The caller holds the lock.
"""

import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
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
    """`stripe.*` in one DuckDB file, as one load of one Stripe account sees it.

    `loaded_at` (naive UTC) marks the rows that this load merges; see `next_loaded_at`.
    """

    def __init__(
        self, warehouse: Path, state: Path, *, stripe_account_id: str, loaded_at: datetime
    ) -> None:
        self._path = warehouse
        self._state = state
        self._account = stripe_account_id
        self._loaded_at = loaded_at

    def merge(self, pages: Iterator[Page]) -> dict[str, int]:
        """Merge pages; rows by table. All or nothing: a failed read loads no row."""
        pipeline = self._pipeline()
        # What an interrupted load left behind is read again; its cursor never moved.
        pipeline.abort_packages()
        source = stripe(
            batches(
                pages,
                self.tombstones,
                stripe_account_id=self._account,
                loaded_at=self._loaded_at,
            )
        )
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

    def known(self, stream: str, ids: list[str]) -> set[str]:
        """Which of these ids a landing table holds."""
        with duckdb.connect(str(self._path)) as database:
            found = database.execute(
                f"select id from {SCHEMA}.{stream}"
                " where stripe_account_id = ? and id in (select unnest(?::varchar[]))",
                [self._account, ids],
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
            " where stripe_account_id = $account and read_at < $since and deleted_at is null"
            for name in BURIED
        )
        with duckdb.connect(str(self._path)) as database:
            return database.execute(
                f"{select} order by all", {"account": self._account, "since": since}
            ).fetchall()

    def dangling(self) -> list[Pointer]:
        """Customers that subscriptions or invoices name and no list shows: deleted ones."""
        with duckdb.connect(str(self._path)) as database:
            return database.execute(
                f"select distinct 'customers', customer_id from ("
                f" select stripe_account_id, customer_id from {SCHEMA}.subscriptions"
                f" union all select stripe_account_id, customer_id from {SCHEMA}.invoices"
                f") as owners anti join {SCHEMA}.customers"
                " on customers.stripe_account_id = owners.stripe_account_id"
                " and customers.id = owners.customer_id"
                " where owners.stripe_account_id = ? and customer_id is not null order by all",
                [self._account],
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
                f" left join {SCHEMA}.{page.stream} as landed"
                " on landed.id = gone.id and landed.stripe_account_id = $account order by gone.id",
                params={
                    "account": self._account,
                    "gone": list(page.gone),
                    "at": page.read_at,
                    "loaded_at": self._loaded_at,
                },
            ).to_arrow_table()
        return found.cast(arrow)


def exists(warehouse: Path) -> bool:
    """Whether the file holds landing tables: a new or lost one begins with a full read."""
    if not warehouse.exists():
        return False
    with duckdb.connect(str(warehouse)) as database:
        found = database.execute(
            "select count(*) from duckdb_tables() where schema_name = ? and table_name = ?",
            [SCHEMA, TABLES[0].name],
        ).fetchone()
    return bool(found and found[0])


def next_loaded_at(warehouse: Path, now: datetime) -> datetime:
    """`now` (naive UTC), or just above the latest load's: who reads on from one misses no row."""
    if not exists(warehouse):
        return now
    latest = " union all ".join(
        f"select max(loaded_at) as latest from {SCHEMA}.{table.name}" for table in TABLES
    )
    with duckdb.connect(str(warehouse)) as database:
        found = database.execute(f"select max(latest) from ({latest})").fetchone()
    last = found[0] if found else None
    return max(now, last + timedelta(microseconds=1)) if last else now


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
    given = {"stripe_account_id": "$account", "loaded_at": "$loaded_at::timestamp", "id": "gone.id"}
    if column in given:
        return f"{given[column]} as {column}"
    if column in ("deleted_at", "read_at"):
        return f"coalesce(landed.{column}, $at::timestamp) as {column}"
    return f"landed.{column}"
