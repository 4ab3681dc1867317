"""Stripe detaches a deleted customer's payment methods, and no event tells of it."""

from dataclasses import replace
from pathlib import Path

import pytest
from local_stripe import DAY, NOW, LocalStripe

from ingestion.load import Bounds
from sandbox import builders

OWNERS = "select id, customer_id from stripe.payment_methods order by id"
READ = "select read_at, loaded_at from stripe.payment_methods where id = 'pm_2'"


@pytest.fixture
def stripe(local_stripe: LocalStripe) -> LocalStripe:
    for number in (1, 2):
        customer, method = f"cus_{number}", f"pm_{number}"
        local_stripe.store.put(builders.payment_method(id=method, customer=customer), now=NOW)
        local_stripe.store.put(
            builders.customer(id=customer, default_payment_method=method, created=NOW)
        )
    local_stripe.load()
    assert local_stripe.query(OWNERS) == [("pm_1", "cus_1"), ("pm_2", "cus_2")]
    return local_stripe


def test_event_of_a_deletion_frees_the_payment_methods_in_the_same_load(
    stripe: LocalStripe,
) -> None:
    other = stripe.query(READ)
    stripe.store.delete("customer", "cus_1", now=NOW + DAY)
    assert not stripe.load().full
    assert stripe.query(OWNERS) == [("pm_1", None), ("pm_2", "cus_2")]
    assert stripe.query(READ) == other
    assert stripe.query("select loaded_at from stripe.payment_methods where id = 'pm_1'") == (
        stripe.query("select loaded_at from stripe.customers where id = 'cus_1'")
    ), "who builds on changes sees it"


def test_full_read_frees_them_where_no_event_told(stripe: LocalStripe) -> None:
    stripe.store.delete("customer", "cus_1", now=NOW + DAY)
    stripe.store.db().execute("delete from events")
    stripe.load(full=True, bounds=Bounds(gone_limit_percent=None))
    assert stripe.query(OWNERS) == [("pm_1", None), ("pm_2", "cus_2")]


def test_incremental_and_fresh_agree_on_whose_every_payment_method_is(
    stripe: LocalStripe, tmp_path: Path
) -> None:
    """Also of one that was never the default, and of one that only a subscription names."""
    store = stripe.store
    store.put(builders.payment_method(id="pm_other", customer="cus_1"), now=NOW + 1)
    store.put(builders.payment_method(id="pm_own", customer="cus_1"), now=NOW + 1)
    price = builders.price(id="price_1", unit_amount=5000)
    store.put(builders.product(id="prod_test"), now=NOW + 1)
    store.put(price, now=NOW + 1)
    store.put(
        builders.subscription(
            id="sub_1",
            customer="cus_1",
            items=[builders.item(price=price)],
            default_payment_method="pm_own",
        ),
        now=NOW + 1,
    )
    stripe.load()
    store.delete("customer", "cus_1", now=NOW + DAY)
    stripe.load()
    (tmp_path / "fresh").mkdir()
    fresh = replace(stripe, folder=tmp_path / "fresh")
    fresh.load()
    held = dict(stripe.query(OWNERS))
    assert held == {"pm_1": None, "pm_2": "cus_2", "pm_other": None, "pm_own": None}
    assert fresh.query(OWNERS) == [(one, held[one]) for one, _ in fresh.query(OWNERS)]
