"""Loads into a lake, and what the landing tables of any engine hold."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import duckdb
from load_process import loaded
from local_stripe import NOW, LocalStripe

from ingestion.engines import Engine, engine
from ingestion.landing import TABLES
from ingestion.landing.schema import schema
from ingestion.load import Paths
from sandbox import clock
from sandbox.business import driver
from sandbox.population import Population
from sandbox.server import populate

MOMENTS = ("read_at", "loaded_at", "cleared_at")  # of two loads, never the same
NAMES = [table.name for table in TABLES]


@dataclass
class LakeStripe(LocalStripe):
    """The same sandbox, loaded into the tables of a lake."""

    lake: Engine

    @property
    def paths(self) -> Paths:
        return replace(super().paths, warehouse=self.lake)

    def query(self, sql: str) -> list[Any]:
        with self.lake.reading(*NAMES) as database:
            return database.execute(sql).fetchall()


def same(lake: LakeStripe, duck: LocalStripe) -> bool:
    return held(lake) == held(duck) and current(lake) == current(duck)


def changes_are_in_both(lake: LakeStripe, duck: LocalStripe) -> list[str]:
    """A first load and one of a day's changes into the lake and into a file: they hold the same.

    Returns the subscribed customers: the first one moved, the second is deleted, the third is in
    quarantine.
    """
    store, both = lake.store, (lake, duck)
    populate(store, Population(20, 1, NOW))
    assert [stripe.load().full for stripe in both] == [True, True]
    assert same(lake, duck)
    assert all(held(lake)[name] for name in ("customers", "invoices", "subscription_items"))

    driver.live(store, days=1, seed=1)
    subscribed = sorted(one["customer"] for one in store.objects("subscription"))
    now = clock.now(store)
    store.update("customer", subscribed[0], {"metadata": {"account_id": "moved"}}, now=now)
    store.delete("customer", subscribed[1], now=now)
    store.update("customer", subscribed[2], {"delinquent": "perhaps"}, now=now)
    assert [stripe.load().full for stripe in both] == [False, False]
    assert same(lake, duck)
    assert lake.query("select object_id from stripe.quarantine") == [(subscribed[2],)]
    gone = "select id from stripe.customers where deleted_at is not null"
    assert lake.query(gone) == [(subscribed[1],)]
    return subscribed


def killed_loads_lose_nothing(
    lake: LakeStripe, duck: LocalStripe, kills: Sequence[int], later: int = 60
) -> None:
    """First loads into the lake that are killed at these operations, and one of changes."""
    populate(lake.store, Population(10, 2, NOW))
    assert -9 in [loaded(lake, kill_at=at) for at in kills]
    assert loaded(lake) == 0
    driver.live(lake.store, days=1, seed=3)
    assert loaded(lake, kill_at=later) == -9
    assert loaded(lake) == 0
    duck.load()
    assert same(lake, duck)


def held(stripe: LocalStripe) -> dict[str, list[Any]]:
    """Every landing table's rows, without the moments of their load."""
    warehouse: Engine = engine(stripe.paths.warehouse)
    with warehouse.reading(*NAMES) as database:
        return {table.name: _rows(database, table.name) for table in TABLES}


def _rows(database: duckdb.DuckDBPyConnection, name: str) -> list[Any]:
    columns = schema(next(table for table in TABLES if table.name == name)).names
    # Two loads find an object gone at two moments.
    given = [f"{one} is null" if one == "deleted_at" else one for one in columns]
    kept = [one for one in given if one not in MOMENTS]
    return database.execute(f"select {', '.join(kept)} from stripe.{name} order by all").fetchall()


def current(stripe: LocalStripe) -> dict[str, list[Any]]:
    """Ids of the nested rows that are of the last read of what holds them."""
    found = {}
    for name, (root, key) in ELEMENTS.items():
        found[name] = stripe.query(
            f"select part.id from stripe.{name} as part join stripe.{root} as root"
            f" on root.id = part.{key} and root.read_at = part.read_at order by 1"
        )
    return found


ELEMENTS = {
    "subscription_items": ("subscriptions", "subscription_id"),
    "invoice_lines": ("invoices", "invoice_id"),
    "price_tiers": ("prices", "price_id"),
}
