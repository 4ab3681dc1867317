"""What a row names is there after the refresh that brought the row, up to the account store."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from local_stripe import NOW, refusing
from pipeline import Pipeline, money

from orchestration.monitoring.status import read_status
from sandbox import builders
from sandbox.misbehaviour.faults import Faults, LateEvents
from sandbox.server import serving

pytestmark = pytest.mark.long

PLAN_A = builders.price(id="price_a", product="prod_a", unit_amount=5000)
PLAN_B = builders.price(id="price_b", product="prod_b", unit_amount=8000)
HIDDEN = ("price_b", "prod_b", "ONE_PRODUCT", "cus_late", "in_late")


@contextmanager
def hiding(pipeline: Pipeline) -> Iterator[None]:
    """Stripe as it is on a slow day: these objects are in no list and no event yet."""
    faults = Faults(unlisted=HIDDEN, late_events=LateEvents(objects=HIDDEN))
    with serving(pipeline.stripe.store, faults=faults) as url:
        pipeline.set(STRIPE_API_BASE=url)
        yield


def sell(pipeline: Pipeline, price: dict[str, object], **more: object) -> None:
    """One customer with one active item of this price and a paid invoice."""
    item = builders.item(price=price, id="si_1")
    store = pipeline.stripe.store
    store.put(builders.customer(id="cus_1", name="One"), now=NOW)
    store.put(builders.subscription(id="sub_1", customer="cus_1", items=[item], **more), now=NOW)


def offer(pipeline: Pipeline) -> None:
    store = pipeline.stripe.store
    store.put(builders.product(id="prod_a", name="Plan A"), now=NOW)
    store.put(PLAN_A, now=NOW)


def offer_more(pipeline: Pipeline) -> None:
    store = pipeline.stripe.store
    store.put(builders.product(id="prod_b", name="Plan B"), now=NOW + 1)
    store.put(PLAN_B, now=NOW + 1)


def is_on_plan_b(pipeline: Pipeline) -> None:
    assert pipeline.mart("select mrr_normalized, plan_names from single_subscription_traits") == [
        (money("80.00"), ["Plan B"])
    ]
    assert pipeline.mart(
        "select subscription_paying_count, all_mrr_normalized from multi_subscription_traits"
    ) == [(1, money("80.00"))]
    account = pipeline.account("cus_1")
    assert account["lifecycle_status"] == "subscribed"
    assert money(account["mrr"]) == 80


@pytest.mark.parametrize("multiple", ["false", "true"])
def test_g01_an_item_moves_to_a_price_whose_event_is_not_in_the_feed(
    pipeline: Pipeline, multiple: str
) -> None:
    pipeline.set(MULTIPLE_SUBSCRIPTIONS=multiple)
    offer(pipeline)
    sell(pipeline, PLAN_A)
    with hiding(pipeline):
        pipeline.refresh()
        assert money(pipeline.account("cus_1")["mrr"]) == 50
        offer_more(pipeline)
        sell(pipeline, PLAN_B, description="moved")
        pipeline.refresh()
        is_on_plan_b(pipeline)


def test_g01_at_a_first_import_the_price_and_its_product_are_in_no_list(
    pipeline: Pipeline,
) -> None:
    offer(pipeline)
    offer_more(pipeline)
    sell(pipeline, PLAN_B)
    with hiding(pipeline):
        pipeline.refresh()
        is_on_plan_b(pipeline)


def test_a_price_that_may_not_be_read_is_taken_from_the_item_shown_and_healed(
    pipeline: Pipeline,
) -> None:
    offer(pipeline)
    sell(pipeline, PLAN_A)
    refused = Faults(unlisted=HIDDEN, late_events=LateEvents(objects=HIDDEN))

    def refuse(path: str) -> tuple[int, dict[str, str]] | None:
        return (403, {}) if path == "/v1/prices/price_b" else None

    with refusing(pipeline.stripe, refuse, faults=refused) as strict:
        pipeline.set(STRIPE_API_BASE=strict.url)
        pipeline.refresh()
        offer_more(pipeline)
        sell(pipeline, PLAN_B, description="moved")
        pipeline.refresh()
        is_on_plan_b(pipeline)
        assert missing(pipeline) == ["prices price_b"]
    with hiding(pipeline):
        pipeline.refresh()
        is_on_plan_b(pipeline)
        assert missing(pipeline) == []


def missing(pipeline: Pipeline) -> list[str]:
    """As `status` shows it, without the reason."""
    (account,) = read_status(pipeline.settings).stripe_accounts
    return [line.partition(":")[0] for line in account.missing]


@pytest.mark.parametrize("first", [True, False])
def test_g14_the_scope_of_a_coupon_that_no_event_told_of(pipeline: Pipeline, first: bool) -> None:
    offer(pipeline)
    store = pipeline.stripe.store
    store.put(builders.product(id="prod_other"), now=NOW)
    with hiding(pipeline):
        if not first:
            pipeline.refresh()
        coupon = builders.coupon(id="ONE_PRODUCT", percent_off=20, applies_to=["prod_other"])
        store.put(coupon, now=NOW + 1)
        sell(pipeline, PLAN_A, discounts=[builders.discount(coupon=coupon)])
        pipeline.refresh()
        assert pipeline.mart("select mrr_normalized from single_subscription_traits") == [
            (money("50.00"),)
        ]


@pytest.mark.parametrize("first", [True, False])
def test_a_customer_and_a_last_invoice_that_nothing_told_of(
    pipeline: Pipeline, first: bool
) -> None:
    offer(pipeline)
    store = pipeline.stripe.store
    with hiding(pipeline):
        if not first:
            pipeline.refresh()
        store.put(builders.customer(id="cus_late", name="Late"), now=NOW + 1)
        line = builders.line(amount=5000, price=PLAN_A)
        invoice = builders.invoice(
            id="in_late", customer="cus_late", subscription="sub_late", lines=[line]
        )
        store.put(invoice, now=NOW + 1)
        store.put(
            builders.subscription(
                id="sub_late",
                customer="cus_late",
                items=[builders.item(price=PLAN_A)],
                latest_invoice="in_late",
            ),
            now=NOW + 1,
        )
        pipeline.refresh()
        assert pipeline.mart(
            "select name, last_invoice_id, mrr_normalized from single_subscription_traits"
        ) == [("Late", "in_late", money("50.00"))]
