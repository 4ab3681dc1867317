"""From Stripe objects to marts, in one DuckDB file: landing rows, settings, dbt.

Enters: Stripe objects and the settings of a run. Leaves: the path of a warehouse with built marts.
Expectations do not belong here: `examples` states them, `test_examples` holds them against it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pytest
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest

from ingestion.landing import TABLES
from ingestion.rows import rows, schema

AS_OF = datetime.fromisoformat("2025-06-15")
PROJECT = Path(__file__).parents[1]
STREAMS = {
    "customer": "customers",
    "subscription": "subscriptions",
    "invoice": "invoices",
    "price": "prices",
    "product": "products",
    "coupon": "coupons",
    "payment_method": "payment_methods",
    "card": "payment_methods",
}


@dataclass(frozen=True)
class RunSettings:
    """The row that the models read; the defaults are those of the product but for the key."""

    as_of: datetime = AS_OF
    account_id_metadata_key: str | None = "account_id"
    multiple_subscriptions: bool = False
    reporting_currency: str | None = None
    mrr_discount_durations: str = "forever"
    mrr_pause_collection: str = "keep"


@dataclass(frozen=True)
class Warehouse:
    """One warehouse file, filled and built step by step."""

    path: Path

    def land(self, objects: Iterable[dict[str, Any]], *, read_at: datetime = AS_OF) -> None:
        """Merge objects on `id`, each stream as one read; `deleted` ones become tombstones."""
        by_stream: dict[str, list[dict[str, Any]]] = {}
        for one in objects:
            by_stream.setdefault(STREAMS[one["object"]], []).append(one)
        with duckdb.connect(str(self.path)) as database:
            for stream, read in by_stream.items():
                alive = [one for one in read if not one.get("deleted")]
                for name, arrow in rows(stream, alive, read_at=read_at).items():
                    _merge(database, name, arrow)
                for one in read:
                    if one.get("deleted"):
                        database.execute(
                            f"update stripe.{stream} set deleted_at = ? where id = ?",
                            [read_at, one["id"]],
                        )

    def build(self, settings: RunSettings, *, select: Sequence[str] = ()) -> None:
        """Build all models at these settings; a failed model or data test fails the caller."""
        values = asdict(settings)
        with duckdb.connect(str(self.path)) as database:
            names = ", ".join(f"${name} as {name}" for name in values)
            database.execute(
                f"create or replace table pipeline.run_settings as select {names}", values
            )
        run_dbt(self.path, "build", "--exclude-resource-type", "unit_test", *select)

    def records(self, query: str) -> list[dict[str, Any]]:
        """Rows by column name."""
        with duckdb.connect(str(self.path), read_only=True) as database:
            found = database.execute(query)
            names = [column[0] for column in found.description or ()]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def create_warehouse(path: Path) -> Warehouse:
    """A warehouse file with the empty landing tables."""
    with duckdb.connect(str(path)) as database:
        database.execute("create schema stripe; create schema pipeline")
        for table in TABLES:
            database.register("empty", schema(table).empty_table())
            database.execute(f"create table stripe.{table.name} as from empty")
            database.unregister("empty")
    return Warehouse(path)


def run_dbt(warehouse: Path, *arguments: str) -> None:
    """Run dbt in this process; raises with every node that failed."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("WAREHOUSE_PATH", str(warehouse))
        folders = ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)]
        written = ["--target-path", str(warehouse.parent), "--log-path", str(warehouse.parent)]
        invocation = dbtRunner(manifest=_manifest()).invoke(
            [*arguments, *folders, *written, "--quiet", "--no-use-colors"]
        )
    _close_warehouse()
    if not invocation.success:
        raise AssertionError("\n".join(_failures(invocation)))


@cache
def _manifest() -> Manifest:
    """The parsed project; parsing costs as much as half a build."""
    folders = ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)]
    with TemporaryDirectory() as written:
        paths = ["--target-path", written, "--log-path", written]
        invocation = dbtRunner().invoke(["parse", *folders, *paths, "--quiet"])
    assert isinstance(invocation.result, Manifest), invocation.exception
    return invocation.result


def _failures(invocation: Any) -> Iterator[str]:
    if invocation.result is None:
        yield str(invocation.exception)
        return
    for result in invocation.result.results:
        if result.status not in ("success", "pass", "skipped"):
            yield f"{result.node.unique_id}: {result.message}"


def _close_warehouse() -> None:
    """dbt-duckdb keeps the file open, which would lock the next connection out."""
    environment = DuckDBConnectionManager._ENV
    if environment is not None:
        environment.close()
    DuckDBConnectionManager.close_all_connections()


def _merge(database: duckdb.DuckDBPyConnection, name: str, arrow: Any) -> None:
    database.register("read", arrow)
    database.execute(f"delete from stripe.{name} where id in (select id from read)")
    database.execute(f"insert into stripe.{name} by name select * from read")
    database.unregister("read")
