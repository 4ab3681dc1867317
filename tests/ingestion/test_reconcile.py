"""Stripe beside the warehouse: what differs is repaired, what is gone is marked, up to a limit."""

from itertools import pairwise

import duckdb
import pytest
from local_stripe import DAY, NOW, LocalStripe

from ingestion.deletion_limit import DeletionLimitReached
from ingestion.inbox.events_db import Inbox
from ingestion.load import DEFAULT, Bounds
from ingestion.reconcile.repair import Compared, reconcile
from ingestion.reconcile.slices import Share
from ingestion.stripe_api.reader import FIRST_POSSIBLE, LAST_POSSIBLE
from sandbox import builders

WHOLE = Share()


def compare(
    stripe: LocalStripe, share: Share = WHOLE, bounds: Bounds = DEFAULT
) -> dict[str, Compared]:
    return reconcile(
        stripe.connection(),
        stripe.paths,
        share,
        progress=lambda stream, objects: None,
        bounds=bounds,
    )


def change(stripe: LocalStripe, sql: str) -> None:
    with duckdb.connect(str(stripe.paths.warehouse)) as database:
        database.execute(sql)


@pytest.fixture
def stripe(local_stripe: LocalStripe) -> LocalStripe:
    price = builders.price(id="price_monthly", unit_amount=5000)
    coupon = builders.coupon(id="half", percent_off=50)
    for made in (builders.product(id="prod_test"), price, coupon):
        local_stripe.store.put(made)
    for n in range(30):
        created = NOW - 30 * n * DAY
        local_stripe.store.put(builders.customer(id=f"cus_{n:02}", created=created), now=NOW)
        item = builders.item(price=price, discounts=[builders.discount(coupon="half")])
        local_stripe.store.put(
            builders.subscription(
                id=f"sub_{n:02}", customer=f"cus_{n:02}", items=[item], created=created
            ),
            now=NOW,
        )
    local_stripe.load()
    return local_stripe


def test_nothing_differs_after_a_load(stripe: LocalStripe) -> None:
    found = compare(stripe)
    assert found["customers"] == Compared(listed=30, absent=0, differing=0, gone=0)
    assert sum(one.differing + one.absent + one.gone for one in found.values()) == 0


def test_drift_is_repaired_and_what_is_gone_is_marked(stripe: LocalStripe) -> None:
    change(stripe, "update stripe.customers set name = 'Wrong' where id = 'cus_01'")
    change(
        stripe, "update stripe.subscription_items set quantity = 9 where subscription_id = 'sub_02'"
    )
    change(stripe, "delete from stripe.discounts where root_id = 'sub_03'")
    change(stripe, "delete from stripe.customers where id = 'cus_04'")
    change(stripe, "update stripe.customers set deleted_at = read_at where id = 'cus_05'")
    stripe.store.db().execute("delete from events")
    stripe.store.delete("customer", "cus_06", now=NOW - 40 * DAY)
    found = compare(stripe)
    assert found["customers"] == Compared(listed=29, absent=1, differing=3, gone=1)
    assert found["subscriptions"].differing == 3  # one was canceled with its customer
    assert stripe.query("select id from stripe.customers where deleted_at is not null") == [
        ("cus_06",)
    ]
    again = compare(stripe)
    assert sum(one.differing + one.absent + one.gone for one in again.values()) == 0


def test_brake_holds_unless_it_is_released_once_and_both_are_noted(stripe: LocalStripe) -> None:
    for n in range(12):
        stripe.store.delete("customer", f"cus_{n:02}", now=NOW - 40 * DAY)
    with pytest.raises(DeletionLimitReached, match="12 of 30 customers are gone"):
        compare(stripe)
    gone = "select count(*) from stripe.customers where deleted_at is not null"
    assert stripe.query(gone) == [(0,)]
    compare(stripe, bounds=Bounds(gone_limit_percent=None))
    assert stripe.query(gone) == [(12,)]
    with Inbox.open(stripe.paths.inbox) as inbox:
        happened = [what for _, _, what in inbox.history(10)]
    assert any(what.startswith("deletion limit: 12 of 30 customers") for what in happened)
    assert "deletion limit lifted once: 12 customers marked as deleted" in happened


@pytest.mark.long
def test_shares_are_the_whole_without_overlap(stripe: LocalStripe) -> None:
    ranges = sorted((r.low, r.high) for n in range(1, 8) for r in Share(n, 7).ranges(NOW))
    assert (ranges[0][0], ranges[-1][1]) == (FIRST_POSSIBLE, LAST_POSSIBLE)
    assert all(one[1] == other[0] for one, other in pairwise(ranges))
    change(stripe, "update stripe.customers set name = 'Wrong'")
    found = [compare(stripe, Share(n, 3))["customers"] for n in (1, 2, 3)]
    assert sum(one.differing for one in found) == 30
    assert all(0 < one.listed < 30 for one in found)
    assert stripe.query("select count(*) from stripe.customers where name = 'Wrong'") == [(0,)]


@pytest.mark.parametrize("text", ["0/7", "8/7", "1", "a/b", "1/0"])
def test_no_share_is_named(text: str) -> None:
    with pytest.raises(ValueError, match="is no share"):
        Share.read(text)


def test_long_nested_lists_are_compared_and_repaired_whole(local_stripe: LocalStripe) -> None:
    price = builders.price(id="price_monthly", unit_amount=5000)
    for one in (builders.product(id="prod_test"), price, builders.customer(id="cus_1")):
        local_stripe.store.put(one)
    counts = (11, 101, 250)
    for count in counts:
        made = {"customer": "cus_1", "created": NOW}
        items = [builders.item(price=price) for _ in range(count)]
        lines = [builders.line(amount=100, price=price) for _ in range(count)]
        local_stripe.store.put(builders.subscription(id=f"sub_{count}", items=items, **made))
        local_stripe.store.put(builders.invoice(id=f"in_{count}", lines=lines, **made))
    local_stripe.load()
    assert sum(one.differing for one in compare(local_stripe).values()) == 0
    for table, owner, column in NESTED:
        last = f"select max(id) from stripe.{table} group by {owner}"
        change(local_stripe, f"update stripe.{table} set {column} = 9 where id in ({last})")
    found = compare(local_stripe)
    assert (found["subscriptions"].differing, found["invoices"].differing) == (3, 3)
    for table, owner, column in NESTED:
        whole = (
            f"select count(*) from stripe.{table} where {column} <> 9 group by {owner} order by 1"
        )
        assert local_stripe.query(whole) == [(count,) for count in counts]


NESTED = (
    ("subscription_items", "subscription_id", "quantity"),
    ("invoice_lines", "invoice_id", "amount"),
)
