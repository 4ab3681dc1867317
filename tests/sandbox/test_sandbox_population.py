"""The generated business: plausible, consistent with itself, and the same every time."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from sandbox import pricing
from sandbox.population import Population, fill, generate
from sandbox.server import populate, wanted
from sandbox.storage.store import Store

NOW = 1_790_000_000
DAY = 86_400
BUSINESS = Population(customers=1000, seed=3, now=NOW)


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with Store() as filled:
        fill(filled, BUSINESS)
        yield filled


@pytest.fixture(scope="module")
def all_of(store: Store) -> dict[str, list[dict[str, Any]]]:
    kinds = "customer subscription invoice price coupon discount payment_method card event product"
    return {kind: list(store.objects(kind)) for kind in kinds.split()}


def digest(population: Population) -> str:
    lines = (orjson.dumps(obj) for obj in generate(population))
    return hashlib.sha256(b"\n".join(lines)).hexdigest()


def test_the_same_seed_and_now_give_the_same_bytes() -> None:
    first = Population(customers=150, seed=3, now=NOW)
    assert digest(first) == digest(first)
    assert digest(first) != digest(Population(customers=150, seed=4, now=NOW))
    assert digest(first) != digest(Population(customers=150, seed=3, now=NOW + 1))


def test_every_state_occurs(all_of: dict[str, list[dict[str, Any]]]) -> None:
    statuses = Counter(one["status"] for one in all_of["subscription"])
    assert set(statuses) == {
        "active", "canceled", "incomplete", "incomplete_expired", "past_due", "paused",
        "trialing", "unpaid",
    }  # fmt: skip
    invoices = Counter(one["status"] for one in all_of["invoice"])
    assert set(invoices) == {"draft", "open", "paid", "void", "uncollectible"}
    assert {one["currency"] for one in all_of["subscription"]} == {"usd", "eur", "jpy"}
    assert 1.1 < len(all_of["subscription"]) / BUSINESS.customers < 1.3
    assert 4 < invoices["paid"] / BUSINESS.customers < 7


def test_every_kind_of_discount_price_and_customer_occurs(
    all_of: dict[str, list[dict[str, Any]]],
) -> None:
    used = Counter(one["source"]["coupon"] for one in all_of["discount"])
    coupons = {one["id"]: one for one in all_of["coupon"]}
    kinds = {
        (coupons[name]["percent_off"] is not None, coupons[name]["duration"])
        for name in used
        if name in coupons
    }
    assert len(kinds) == 6
    assert any(coupons[name].get("applies_to") for name in used if name in coupons)
    assert {bool(one["subscription_item"]) for one in all_of["discount"]} == {True, False}
    assert any(one["end"] and one["end"] <= NOW for one in all_of["discount"])
    bought = {
        item["price"]["id"] for one in all_of["subscription"] for item in one["items"]["data"]
    }
    assert bought >= {
        one["id"] for one in all_of["price"] if one["currency"] == "usd" and one["recurring"]
    }
    customers = all_of["customer"]
    assert any(one["discount"] for one in customers)
    assert any(one["balance"] < 0 for one in customers)
    assert any(one["delinquent"] for one in customers)
    accounts = Counter(one["metadata"].get("account_id", "").strip() for one in customers)
    assert accounts[""] > 0
    assert accounts.most_common(2)[1][1] > 1
    assert any({"plan-x", "plan_x"} <= one["metadata"].keys() for one in customers)
    owners = Counter(one["customer"] for one in all_of["subscription"])
    assert max(owners.values()) > 1
    assert len(owners) < len(customers)
    subscriptions = all_of["subscription"]
    assert any(one["pause_collection"] for one in subscriptions)
    assert any(one["cancel_at_period_end"] and one["status"] == "active" for one in subscriptions)
    assert any(one["cancel_at"] and not one["cancel_at_period_end"] for one in subscriptions)
    assert any(one["default_payment_method"] for one in subscriptions)


def test_everything_that_is_named_is_there(
    store: Store, all_of: dict[str, list[dict[str, Any]]]
) -> None:
    there = {kind: {one["id"] for one in objects} for kind, objects in all_of.items()}
    customers = there["customer"] | {
        identity for (identity,) in store.db().execute("SELECT id FROM tombstones")
    }
    for one in (*all_of["subscription"], *all_of["invoice"]):
        assert one["customer"] in customers
        assert set(one["discounts"]) <= there["discount"]
    for one in all_of["subscription"]:
        assert one["latest_invoice"] in there["invoice"] | {None}
        assert {item["price"]["id"] for item in one["items"]["data"]} <= there["price"]
    for one in all_of["customer"]:
        method = one["invoice_settings"]["default_payment_method"]
        assert method in there["payment_method"] | {None}
        assert one["default_source"] in there["card"] | {None}


def test_invoices_follow_from_the_state(all_of: dict[str, list[dict[str, Any]]]) -> None:
    prices = {one["id"]: one for one in all_of["price"]}
    for one in all_of["invoice"]:
        lines = one["lines"]["data"]
        off = sum(cut["amount"] for line in lines for cut in line["discount_amounts"])
        tax = sum(tax["amount"] for line in lines for tax in line["taxes"])
        assert one["subtotal"] == sum(line["amount"] for line in lines)
        assert one["total"] == one["subtotal"] - off + tax
        assert one["amount_paid"] + one["amount_remaining"] == one["amount_due"]
        assert bool(one["status_transitions"]["paid_at"]) == (one["status"] == "paid")
        times = [t for t in one["status_transitions"].values() if t] + [one["created"]]
        assert max(times) <= NOW
        trial = one["billing_reason"] == "subscription_create" and one["subtotal"] == 0
        for line in lines:
            detail = line["parent"].get("subscription_item_details")
            if detail and not detail["proration"] and not trial:
                price = prices[line["pricing"]["price_details"]["price"]]
                assert line["amount"] == pricing.amount(price, line["quantity"])


def test_subscriptions_are_as_they_would_be_now(all_of: dict[str, list[dict[str, Any]]]) -> None:
    for one in all_of["subscription"]:
        for item in one["items"]["data"]:
            assert item["current_period_start"] < item["current_period_end"]
            if one["status"] in ("active", "past_due", "trialing", "unpaid"):
                assert item["current_period_start"] <= NOW < item["current_period_end"]
        assert (one["ended_at"] is not None) == (
            one["status"] in ("canceled", "incomplete_expired")
        )
        assert (one["ended_at"] or 0) <= NOW
        assert (one["trial_end"] or 0) > NOW or one["status"] != "trialing"
        assert one["created"] <= NOW


def test_events_tell_the_last_thirty_days(all_of: dict[str, list[dict[str, Any]]]) -> None:
    events = all_of["event"]
    assert len({one["id"] for one in events}) == len(events)
    assert all(NOW - 30 * DAY <= one["created"] <= NOW for one in events)
    for kind in ("subscription", "invoice"):
        state = {one["id"]: one for one in all_of[kind]}
        told = {e["data"]["object"]["id"] for e in events if e["data"]["object"]["object"] == kind}
        young = {one["id"] for one in all_of[kind] if one["created"] >= NOW - 30 * DAY}
        assert young <= told <= state.keys()
    last = {e["data"]["object"]["id"]: e for e in sorted(events, key=lambda e: e["created"])}
    ended = {one["id"]: one for one in all_of["subscription"] if (one["ended_at"] or 0) > NOW - DAY}
    for identity, one in ended.items():
        assert last[identity]["data"]["object"]["status"] == one["status"]


def test_a_file_is_filled_once_and_for_one_population(tmp_path: Path) -> None:
    asked = Population(customers=30, seed=1, now=NOW)
    with Store(tmp_path / "state.db") as kept:
        reported: list[int] = []
        populate(kept, asked, lambda done, _: reported.append(done))
        assert reported[-1] == 30
        populate(kept, asked, lambda done, _: reported.append(-1))
        assert -1 not in reported
        with pytest.raises(ValueError, match="another file"):
            populate(kept, Population(customers=31, seed=1, now=NOW))


def test_a_file_is_served_as_it_is_where_nothing_else_is_asked_for(tmp_path: Path) -> None:
    with Store(tmp_path / "state.db") as kept:
        assert wanted(kept, 0, None, None, None).customers == 2000
        populate(kept, held := Population(customers=3, seed=7, now=NOW))
        assert wanted(kept, 0, None, None, None) == held
        assert wanted(kept, 0, 4, None, None) == Population(customers=4, seed=7, now=NOW)
        assert wanted(kept, 1, None, 1, NOW + 1) == Population(customers=3, seed=2, now=NOW + 1)
