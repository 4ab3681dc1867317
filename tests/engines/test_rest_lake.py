"""Iceberg tables of a REST catalog in object storage hold what a file holds, down to the marts."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import pytest
from lake_stripe import LakeStripe, changes_are_in_both, killed_loads_lose_nothing
from local_stripe import NOW, LocalStripe
from outcome import published, said, sent
from pipeline import Pipeline

from ingestion.engines.iceberg.rest_lake import RestLake
from ingestion.merge.warehouse import Landing
from ingestion.stripe_api.reader import Page
from orchestration.warehouse.lake_upkeep import keep_up
from orchestration.warehouse.landed_copy import bring
from orchestration.warehouse.shared_marts import MARTS
from sandbox import builders, clock
from sandbox.business import driver
from sandbox.population import Population
from sandbox.server import populate
from tests.lakehouse.server import Lakehouse

pytestmark = pytest.mark.lakehouse


@pytest.fixture
def lake(local_stripe: LocalStripe, tables: RestLake, tmp_path: Path) -> LakeStripe:
    folder = tmp_path / "for_the_lake"
    folder.mkdir()
    return LakeStripe(local_stripe.store, local_stripe.url, folder, tables)


def test_tables_of_a_rest_catalog_hold_what_the_file_holds(
    lake: LakeStripe, local_stripe: LocalStripe
) -> None:
    changes_are_in_both(lake, local_stripe)


def test_killed_loads_into_a_rest_catalog_lose_nothing(
    lake: LakeStripe, local_stripe: LocalStripe
) -> None:
    killed_loads_lose_nothing(lake, local_stripe, (60, 120), later=20)


def customers(tables: RestLake, state: Path, at: datetime, names: dict[str, str]) -> None:
    """One load: these customers, and the other one of two is gone."""
    landing = Landing(tables, state, stripe_account_id="acct_1", loaded_at=at)
    gone = tuple({"cus_1", "cus_2"} - names.keys())
    made = [builders.customer(id=one, name=name, created=NOW) for one, name in names.items()]
    landing.merge(iter([Page("customers", made, at, gone)]))


def held(tables: RestLake) -> list[Any]:
    with tables.reading("customers") as database:
        return database.execute(HELD).fetchall()


HELD = """
select stripe_account_id, id, name, deleted_at is not null from stripe.customers order by all
"""


def test_an_older_read_leaves_newer_rows_and_tombstones(tables: RestLake, tmp_path: Path) -> None:
    both = {"cus_1": "Old", "cus_2": "Old"}
    customers(tables, tmp_path, minute(2), both)
    customers(tables, tmp_path, minute(4), {"cus_1": "New"})
    customers(tables, tmp_path, minute(3), both)
    customers(tables, tmp_path, minute(1), {"cus_2": "Older"})
    assert held(tables) == [("acct_1", "cus_1", "New", False), ("acct_1", "cus_2", "Old", True)]


def minute(number: int) -> datetime:
    return datetime.fromisoformat(f"2026-01-01T00:{number:02}")


def test_upkeep_leaves_the_rows_and_what_a_build_may_read(tables: RestLake, tmp_path: Path) -> None:
    for number in range(1, 8):
        with tables.whole_load("acct_1"):
            customers(
                tables, tmp_path, minute(number), {f"cus_{number}": str(number), "cus_1": "x"}
            )
    before = held(tables)
    [whole] = tables.whole_loads.snapshots().values()
    with tables.whole_load("acct_1"):
        customers(tables, tmp_path, minute(9), {"cus_1": "half", "cus_2": "y"})
        after = held(tables)
        tomorrow = datetime.now(UTC) + timedelta(days=1)
        done = keep_up(tables, at=tomorrow, snapshots=timedelta(0), orphans=timedelta(0))
        assert held(tables) == after != before
        with duckdb.connect(str(tmp_path / "w.duckdb")) as database:
            bring(tables, database, at=tomorrow)
            assert database.execute(HELD).fetchall() == before
    counts = done["stripe.customers"]
    table = tables.catalog.load_table("stripe.customers")
    assert {one.snapshot_id for one in table.snapshots()} >= {whole["customers"]}
    assert len(table.snapshots()) <= 3
    assert counts["expired"] >= 5
    assert counts["removed"] >= 5
    assert not any(keep_up(tables, at=tomorrow, orphans=timedelta(0))["stripe.customers"].values())


def test_long_rows_are_merged_and_copied_in_little_memory(tables: RestLake, tmp_path: Path) -> None:
    """25 KB of metadata for each customer, which is 200 MB; then some of all files change."""

    def land(numbers: Iterable[int], at: datetime) -> None:
        made = [builders.customer(id=f"cus_{n}", metadata=long(n), created=NOW) for n in numbers]
        landing = Landing(tables, tmp_path, stripe_account_id="acct_1", loaded_at=at)
        landing.merge(iter([Page("customers", made, at, ())]))

    with tables.whole_load("acct_1"):
        for first in range(0, 8_000, 1_000):
            land(range(first, first + 1_000), minute(1))
        land(range(0, 8_000, 10), minute(2))
    with duckdb.connect(
        str(tmp_path / "w.duckdb"), config={"memory_limit": "256MiB", "threads": 2}
    ) as database:
        bring(tables, database, at=datetime.now(UTC))
        held = "count(*), count(distinct id), count(*) filter (read_at = ?), min(length(metadata))"
        found = database.execute(f"select {held} from stripe.customers", [minute(2)]).fetchall()
        assert found[0][:3] == (8_000, 8_000, 800)
        assert found[0][3] > 25_000


def long(number: int) -> dict[str, str]:
    """As much as Stripe takes, which no compression shortens much."""
    random = Random(number)
    return {f"key_{key}": random.randbytes(250).hex() for key in range(50)}


class Both:
    """The same business through the file alone and through the lakehouse."""

    def __init__(self, pipeline: Pipeline, house: Lakehouse, folder: Path) -> None:
        self.pipeline, self.folder, self.house = pipeline, folder, house

    def refreshed(self, engine: str) -> tuple[dict[str, list[Any]], list[Any]]:
        url = self.house.url() if engine == "lake" else ""
        self.pipeline.set(DATA_DIR=str(self.folder / engine), WAREHOUSE_URL=url)
        as_of = datetime.fromtimestamp(clock.now(self.pipeline.stripe.store), UTC)
        self.pipeline.sync(as_of=as_of)
        return published(self.pipeline), sent(self.pipeline)

    def same(self) -> dict[str, list[Any]]:
        marts, delivered = self.refreshed("duck")
        found, there = self.refreshed("lake")
        assert found.keys() == marts.keys()
        for mart, rows in marts.items():
            assert found[mart] == rows, mart
        assert delivered == there
        assert delivered
        return marts


def test_marts_of_a_lakehouse_are_those_of_the_file(
    pipeline: Pipeline, tables: RestLake, house: Lakehouse, tmp_path: Path
) -> None:
    store, both = pipeline.stripe.store, Both(pipeline, house, tmp_path)
    populate(store, Population(20, 1, NOW))
    assert both.same()["account_traits"]
    driver.live(store, days=1, seed=1)
    gone = min(one["id"] for one in store.objects("customer"))
    store.delete("customer", gone, now=clock.now(store))
    both.same()
    driver.live(store, days=1, seed=2)
    marts = both.same()
    catalog = tables.catalog
    shared = {name: catalog.load_table((MARTS, name)) for _, name in catalog.list_tables(MARTS)}
    assert {"account_traits", "mrr_breakdown", "mrr_movements"} <= shared.keys() <= marts.keys()
    for name, table in shared.items():
        assert table.scan().to_arrow().num_rows == len(marts[name]), name
    account = min(account for account, _ in sent(pipeline))
    assert account in said("explain", account)
    said("status", "--json")
    said("reconcile")
    assert "read the changes: 0 rows" in said("sync", "--load-only")
