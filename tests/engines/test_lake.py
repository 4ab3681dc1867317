"""The same loads into Iceberg tables and into a DuckDB file: every landing table, row for row."""

from datetime import datetime
from pathlib import Path

import pytest
from lake_stripe import LakeStripe, changes_are_in_both, killed_loads_lose_nothing, same
from local_stripe import NOW, LocalStripe

from ingestion.engines.iceberg.lake import Lake
from ingestion.merge.warehouse import Landing
from ingestion.reconcile.repair import reconcile
from ingestion.reconcile.slices import Share
from ingestion.stripe_api.reader import Page
from sandbox import builders, clock
from sandbox.business import driver
from sandbox.population import Population
from sandbox.server import populate

pytestmark = pytest.mark.long


@pytest.fixture
def lake(local_stripe: LocalStripe, postgres_url: str, tmp_path: Path) -> LakeStripe:
    folder = tmp_path / "for_the_lake"
    folder.mkdir()
    tables = Lake(postgres_url, f"file://{tmp_path}/lake")
    return LakeStripe(local_stripe.store, local_stripe.url, folder, tables)


def test_iceberg_tables_hold_what_the_file_holds(
    lake: LakeStripe, local_stripe: LocalStripe
) -> None:
    store, both = lake.store, (lake, local_stripe)
    subscribed = changes_are_in_both(lake, local_stripe)
    driver.live(store, days=2, seed=2)
    now = clock.now(store)
    store.update("customer", subscribed[2], {"delinquent": True}, now=now)
    for subscription in sorted(one["id"] for one in store.objects("subscription"))[:3]:
        store.delete("subscription", subscription, now=now)
    for stripe in both:
        stripe.load()
    assert same(lake, local_stripe)
    # What no event tells of: a row that was lost is found missing, and read again.
    with lake.lake.catalog.load_table("stripe.customers").transaction() as change:
        change.delete(f"id == '{subscribed[2]}'")
    found = reconcile(lake.connection(), lake.paths, Share(), progress=lambda _stream, _count: None)
    assert sum(one.absent for one in found.values()) == 1
    assert sum(one.differing for one in found.values()) == 1
    assert same(lake, local_stripe)


def test_who_goes_to_another_warehouse_and_back_reads_everything(
    local_stripe: LocalStripe, postgres_url: str, tmp_path: Path
) -> None:
    """One DATA_DIR: its cursor tells what the other warehouse has seen."""
    store, tables = local_stripe.store, Lake(postgres_url, f"file://{tmp_path}/lake")
    lake = LakeStripe(store, local_stripe.url, tmp_path, tables)
    populate(store, Population(5, 1, NOW))
    assert [local_stripe.load().full, local_stripe.load().full, lake.load().full] == [
        *(True, False, True)
    ]
    customers = sorted(one["id"] for one in store.objects("customer"))
    store.update("customer", customers[0], {"name": "Renamed"}, now=clock.now(store))
    assert not lake.load().full
    assert [local_stripe.load().full, local_stripe.load().full] == [True, False]
    assert same(lake, local_stripe)


def test_killed_loads_into_iceberg_tables_lose_nothing(
    lake: LakeStripe, local_stripe: LocalStripe
) -> None:
    killed_loads_lose_nothing(lake, local_stripe, (60, 120), later=20)


def test_older_read_leaves_newer_rows_and_tombstones_of_iceberg_tables(
    lake: LakeStripe, tmp_path: Path
) -> None:
    def merge(minute: int, name: str, *, gone: tuple[str, ...] = ()) -> None:
        at = datetime.fromisoformat(f"2026-01-01T00:0{minute}")
        landing = Landing(lake.lake, lake.paths.dlt, stripe_account_id="acct_1", loaded_at=at)
        made = [builders.customer(id=one, name=name, created=NOW) for one in ("cus_1", "cus_2")]
        landing.merge(
            iter([Page("customers", [one for one in made if one["id"] not in gone], at, gone)])
        )

    merge(2, "New")
    merge(4, "Newer", gone=("cus_2",))
    merge(3, "Old")
    merge(1, "Older", gone=("cus_1",))
    assert lake.query("select id, name, deleted_at from stripe.customers order by id") == [
        ("cus_1", "Newer", None),
        ("cus_2", "New", datetime.fromisoformat("2026-01-01T00:04")),
    ]
