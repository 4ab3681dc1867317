"""Reads that are merged in another order than they were made: the newest read stays."""

import random
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from local_stripe import NOW, LocalStripe

from ingestion.landing import TABLES
from ingestion.merge.warehouse import Landing
from ingestion.stripe_api.reader import Page
from sandbox import builders
from sandbox.misbehaviour.faults import Fault, Faults
from sandbox.server import serving

AT = datetime.fromisoformat("2026-01-01")
PRICE = builders.price(id="price_monthly", unit_amount=5000)


def later(minutes: int) -> datetime:
    return AT + timedelta(minutes=minutes)


class Merged(LocalStripe):
    """Landing tables that are filled page by page; `few_bytes`: how many go without dlt."""

    def __init__(self, folder: Path, few_bytes: int | None = None) -> None:
        self.folder = folder
        self.few_bytes = few_bytes
        self.loads = 0

    def merge(self, minutes: int, *objects: Any, gone: tuple[str, ...] = ()) -> None:
        """A package of a read at `minutes`; each is a load of its own, in order of the calls."""
        stream = (
            "customers" if not objects or objects[0]["object"] == "customer" else ("subscriptions")
        )
        self.merge_pages([Page(stream, list(objects), later(minutes), gone)])

    def merge_pages(self, pages: list[Page]) -> None:
        self.loads += 1
        landing = Landing(
            self.paths.warehouse,
            self.paths.dlt,
            stripe_account_id="acct_1",
            loaded_at=later(1000 + self.loads),
            few_bytes=self.few_bytes,
        )
        landing.merge(iter(pages))


def page(draws: random.Random, minute: int) -> Page:
    """Some customers or subscriptions, some of them gone."""
    ids = draws.sample("abcd", k=3)
    if draws.random() < 0.5:
        found = [builders.customer(id=f"cus_{n}", name=f"{n}{minute}", created=NOW) for n in ids]
        return Page("customers", found[1:], later(minute), (found[0]["id"],))
    items = draws.sample("xyz", k=2)
    alive = [subscription(f"status {minute}", *items) | {"id": f"sub_{n}"} for n in ids[1:]]
    return Page("subscriptions", alive, later(minute), (f"sub_{ids[0]}",))


@pytest.fixture(params=[0, None], ids=["by dlt", "few rows"])
def merged(request: pytest.FixtureRequest, tmp_path: Path) -> Merged:
    return Merged(tmp_path, request.param)


def customer(name: str) -> Any:
    return builders.customer(id="cus_1", name=name, created=NOW)


def subscription(status: str, *items: str) -> Any:
    return builders.subscription(
        id="sub_1",
        customer="cus_1",
        status=status,
        items=[builders.item(id=one, price=PRICE) for one in items],
        created=NOW,
    )


def test_older_read_that_is_merged_later_changes_nothing(merged: Merged) -> None:
    merged.merge(2, customer("New"))
    merged.merge(1, customer("Old"), builders.customer(id="cus_2", name="Other", created=NOW))
    assert merged.query("select id, name from stripe.customers order by id") == [
        ("cus_1", "New"),
        ("cus_2", "Other"),
    ]
    merged.merge(3, customer("Newest"))
    assert merged.query("select name from stripe.customers where id = 'cus_1'") == [("Newest",)]


def test_stale_read_brings_nothing_back_that_was_deleted(merged: Merged) -> None:
    merged.merge(1, customer("Last"))
    merged.merge(3, gone=("cus_1",))
    merged.merge(2, customer("Stale"))
    assert merged.query("select name, deleted_at from stripe.customers") == [("Last", later(3))]


def test_stale_deletion_does_not_bury_what_was_made_again(merged: Merged) -> None:
    merged.merge(3, customer("Made again"))
    merged.merge(2, gone=("cus_1",))
    assert merged.query("select name, deleted_at from stripe.customers") == [("Made again", None)]


def test_deleted_id_that_is_used_again_lives_again(merged: Merged) -> None:
    merged.merge(1, customer("First"))
    merged.merge(2, gone=("cus_1",))
    merged.merge(3, customer("Second"))
    assert merged.query("select name, deleted_at from stripe.customers") == [("Second", None)]


def test_elements_stay_those_of_the_newest_read_of_their_root(merged: Merged) -> None:
    merged.merge(2, subscription("past_due", "si_1", "si_3"))
    merged.merge(1, subscription("active", "si_1", "si_2"))
    current = (
        "select subscription_items.id, status from stripe.subscription_items"
        " join stripe.subscriptions on subscriptions.id = subscription_id"
        " and subscriptions.read_at = subscription_items.read_at order by 1"
    )
    assert merged.query(current) == [("si_1", "past_due"), ("si_3", "past_due")]


@pytest.mark.long
@pytest.mark.parametrize("seed", [1, 2])
def test_few_rows_are_merged_as_dlt_merges_them(tmp_path: Path, seed: int) -> None:
    """Reads of any order, twice in one merge and across merges; the tables that dlt makes."""
    draws = random.Random(seed)
    both = [Merged(tmp_path / name, few) for name, few in (("dlt", 0), ("few", None))]
    for one in both:
        one.folder.mkdir()
    for _ in range(6):
        minutes = draws.sample(range(1, 30), k=draws.randint(1, 3))
        read = [page(draws, minute) for minute in minutes]
        for one in both:
            one.merge_pages(read)
    for table in TABLES:
        rows = f"select * from stripe.{table.name} order by all"
        assert both[0].query(rows) == both[1].query(rows), (seed, table.name)
    assert both[0].query("select 1 from stripe.subscriptions")


@pytest.mark.parametrize("kind", ["delete_last", "delete_next"])
def test_object_that_vanishes_while_its_list_is_paged_leaves_the_others_whole(
    local_stripe: LocalStripe, kind: str
) -> None:
    local_stripe.store.load(
        builders.customer(id=f"cus_{n:04}", created=NOW - n) for n in range(450)
    )
    faults = Faults(seed=1, plan=(Fault(kind, path="/v1/customers", probability=0.5),))
    with serving(local_stripe.store, faults=faults) as url:
        LocalStripe(local_stripe.store, url, local_stripe.folder).load()
    living = {one["id"] for one in local_stripe.store.objects("customer")}
    assert 0 < len(living) < 450
    local_stripe.load()
    found = local_stripe.query("select id from stripe.customers where deleted_at is null")
    assert {row[0] for row in found} == living
