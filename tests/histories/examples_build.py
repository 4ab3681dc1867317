"""From Stripe objects to marts, in one DuckDB file: landing rows, settings, dbt.

Enters: Stripe objects and the settings of a run. Leaves: the path of a warehouse with built marts.
Expectations do not belong here: `examples` states them, `test_examples` holds them against it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from ingestion.landing import TABLES
from ingestion.landing.rows import Stamp, rows
from ingestion.landing.schema import schema
from orchestration.build import dbt_process
from orchestration.build.run_settings import write_run_settings
from orchestration.build.scope import BuildKind, BuildScope
from orchestration.build.transform import Transformed, transform
from orchestration.configuration.settings import Settings

AS_OF = datetime.fromisoformat("2025-06-15")
PROJECT = Path(__file__).parents[2]
STRIPE_ACCOUNT = "acct_1Sandbox0000000000"  # as the sandbox calls it: both fill one warehouse
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

    def land(
        self,
        objects: Iterable[dict[str, Any]],
        *,
        read_at: datetime = AS_OF,
        stripe_account_id: str = STRIPE_ACCOUNT,
    ) -> None:
        """Merge objects, each stream as one read and all as one load, made when it was read.

        `deleted` ones become tombstones.
        """
        stamp = Stamp(stripe_account_id, read_at, loaded_at=read_at)
        by_stream: dict[str, list[dict[str, Any]]] = {}
        for one in objects:
            by_stream.setdefault(STREAMS[one["object"]], []).append(one)
        with duckdb.connect(str(self.path)) as database:
            for stream, read in by_stream.items():
                alive = [one for one in read if not one.get("deleted")]
                landed = rows(stream, alive, stamp)
                assert not landed.misfits
                for name, arrow in landed.tables.items():
                    _merge(database, name, arrow)
                for one in read:
                    if one.get("deleted"):
                        _mark_deleted(database, stream, one["id"], stamp)

    def lose(self, table: str, object_id: str) -> None:
        """Take an object's own row away, as if its read had failed; what belongs to it stays."""
        with duckdb.connect(str(self.path)) as database:
            database.execute(f"delete from stripe.{table} where id = ?", [object_id])

    def rate(self, *rates: tuple[str, str, str]) -> None:
        """Dated rates into US dollars, in place of the seed's rows: day, currency, rate."""
        run_dbt(self.path, "seed", "--select", "fx_rates")
        with duckdb.connect(str(self.path)) as database:
            for day, currency, rate in rates:
                database.execute(
                    "insert into seeds.fx_rates values (?, ?, 'usd', ?)", [day, currency, rate]
                )

    def build_selected(self, settings: RunSettings, *select: str) -> None:
        """Build a part of the models by dbt; a failed model or data test fails the caller."""
        everything = BuildScope(BuildKind.FULL, "a test", 1, None, None, None, id="first")
        with duckdb.connect(str(self.path)) as database:
            write_run_settings(database, self.settings(settings), settings.as_of, everything)
        run_dbt(self.path, "build", "--exclude-resource-type", "unit_test", *select)

    def refresh(self, settings: RunSettings, *, full: bool = False) -> Transformed:
        """What the product does: as much as it takes; a failed model or test fails the caller."""
        made = transform(self.settings(settings), as_of=settings.as_of, full=full)
        failed = [result for result in made.results if result.failed]
        assert not failed, "\n".join(f"{one.unique_id}: {one.message}" for one in failed)
        return made

    def settings(self, settings: RunSettings) -> Settings:
        values = {name: value for name, value in asdict(settings).items() if name != "as_of"}
        return _settings(self.path, **values)

    def records(self, query: str) -> list[dict[str, Any]]:
        """Rows by column name."""
        with duckdb.connect(str(self.path), read_only=True) as database:
            found = database.execute(query)
            names = [column[0] for column in found.description or ()]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def create_warehouse(path: Path) -> Warehouse:
    """A warehouse file with the empty landing tables."""
    with duckdb.connect(str(path)) as database:
        database.execute("create schema stripe")
        for table in TABLES:
            database.register("empty", schema(table).empty_table())
            database.execute(f"create table stripe.{table.name} as from empty")
            database.unregister("empty")
    return Warehouse(path)


def run_dbt(warehouse: Path, *arguments: str) -> None:
    """Run dbt in this process; raises with every node that failed."""
    invocation = dbt_process.run_dbt(_settings(warehouse), [*arguments])
    if not invocation.success:
        raise AssertionError("\n".join(_failures(invocation)))


def _settings(warehouse: Path, **values: Any) -> Settings:
    """Settings of the test alone, whatever a .env says."""
    return Settings(
        _env_file=None,
        data_dir=warehouse.parent,
        warehouse_url=f"duckdb:///{warehouse}",
        **values,
    )


def _failures(invocation: Any) -> Iterator[str]:
    if invocation.result is None:
        yield str(invocation.exception)
        return
    for result in invocation.result.results:
        if result.status not in ("success", "pass", "skipped"):
            yield f"{result.node.unique_id}: {result.message}"


def _merge(database: duckdb.DuckDBPyConnection, name: str, arrow: Any) -> None:
    database.register("read", arrow)
    database.execute(
        f"delete from stripe.{name} as former using read"
        " where former.stripe_account_id = read.stripe_account_id and former.id = read.id"
    )
    database.execute(f"insert into stripe.{name} by name select * from read")
    database.unregister("read")


def _mark_deleted(
    database: duckdb.DuckDBPyConnection, stream: str, object_id: str, stamp: Stamp
) -> None:
    """A tombstone keeps the last row; an object that was never seen becomes a bare one."""
    key = [stamp.stripe_account_id, object_id]
    database.execute(
        f"update stripe.{stream} set deleted_at = ?, loaded_at = ?"
        " where stripe_account_id = ? and id = ?",
        [stamp.read_at, stamp.loaded_at, *key],
    )
    database.execute(
        f"insert into stripe.{stream} (stripe_account_id, id, deleted_at, read_at, loaded_at)"
        " select $1, $2, $3, $3, $4 where not exists"
        f" (select 1 from stripe.{stream} where stripe_account_id = $1 and id = $2)",
        [*key, stamp.read_at, stamp.loaded_at],
    )
