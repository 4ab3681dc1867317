"""The sandbox's state: what a change does to objects and events, as Stripe documents it."""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from sandbox import builders
from sandbox.storage.store import Store

T = 1_750_000_000
MONTHLY = builders.price(id="price_m", product="prod_a", unit_amount=5000)


@pytest.fixture
def store() -> Iterator[Store]:
    with Store() as empty:
        yield empty


def events(store: Store, since: int = 0) -> list[dict[str, Any]]:
    return [event for event in store.objects("event") if event["created"] >= since]


def types(store: Store, since: int = 0) -> list[str]:
    return sorted(event["type"] for event in events(store, since))


def a_subscription(**fields: Any) -> dict[str, Any]:
    items = [builders.item(price=MONTHLY)]
    return builders.subscription(id="sub_a", customer="cus_a", items=items, **fields)


def test_a_change_appends_its_event_with_what_was_before(store: Store) -> None:
    customer = builders.customer(id="cus_a", email="old@example.com", metadata={"k": "1", "l": "2"})
    store.put(customer)
    changed = {"email": "new@example.com", "metadata": {"k": "1", "l": "3"}}
    store.update("customer", "cus_a", changed, now=T)
    created, updated = events(store)
    assert created["type"] == "customer.created"
    assert created["created"] == customer["created"]
    assert "previous_attributes" not in created["data"]
    assert updated["type"] == "customer.updated"
    assert updated["created"] == T
    before = {"email": "old@example.com", "metadata": {"l": "2"}}
    assert updated["data"]["previous_attributes"] == before
    assert updated["data"]["object"] == store.get("customer", "cus_a")
    assert created["data"]["object"]["email"] == "old@example.com"


def test_the_same_object_again_is_no_change(store: Store) -> None:
    store.put(builders.customer(id="cus_a"))
    store.put(builders.customer(id="cus_a"), now=T)
    assert types(store) == ["customer.created"]


def test_a_change_must_say_when(store: Store) -> None:
    store.put(builders.customer(id="cus_a"))
    with pytest.raises(ValueError, match=r"cus_a.*now="):
        store.put(builders.customer(id="cus_a", name="B"))
    assert store.get("customer", "cus_a") == builders.customer(id="cus_a")


def test_deleting_a_customer_ends_its_subscriptions_at_once(store: Store) -> None:
    store.put(builders.customer(id="cus_a", discount=builders.discount(coupon="HALF")))
    store.put(builders.payment_method(id="pm_a", customer="cus_a"))
    store.put(builders.card(id="card_a", customer="cus_a"))
    store.put(a_subscription())
    store.delete("customer", "cus_a", now=T)
    assert types(store, T) == [
        "customer.deleted", "customer.discount.deleted", "customer.subscription.deleted",
    ]  # fmt: skip
    subscription = store.get("subscription", "sub_a")
    assert subscription
    assert (subscription["status"], subscription["canceled_at"]) == ("canceled", T)
    assert store.get("customer", "cus_a") is None
    assert store.deleted("customer", "cus_a")
    assert store.count("card") == 0


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("active", "canceled", ["deleted"]),
        ("active", "paused", ["paused", "updated"]),
        ("paused", "active", ["resumed", "updated"]),
        ("trialing", "active", ["updated"]),
    ],
)
def test_subscription_statuses_have_events_of_their_own(
    store: Store, before: str, after: str, expected: list[str]
) -> None:
    store.put(a_subscription(status=before))
    store.update("subscription", "sub_a", {"status": after}, now=T)
    assert types(store, T) == [f"customer.subscription.{verb}" for verb in expected]


def test_a_paid_invoice_says_so(store: Store) -> None:
    store.put(builders.invoice(id="in_a", customer="cus_a", status="open", total=100))
    assert types(store) == ["invoice.created", "invoice.finalized"]
    paid = builders.invoice(id="in_a", customer="cus_a", total=100, paid_at=T)
    store.put(paid, now=T)
    assert types(store, T) == ["invoice.paid", "invoice.payment_succeeded", "invoice.updated"]


def test_a_price_takes_its_plan_and_the_items_that_carry_it_along(store: Store) -> None:
    store.put(MONTHLY)
    store.put(a_subscription())
    store.put(MONTHLY | {"nickname": "New name", "active": False}, now=T)
    assert types(store, T) == ["plan.updated", "price.updated"]
    subscription = store.get("subscription", "sub_a")
    assert subscription
    (item,) = subscription["items"]["data"]
    assert (item["price"]["nickname"], item["plan"]["active"]) == ("New name", False)


def test_ids_of_events_are_unique_and_not_in_time_order(store: Store) -> None:
    store.put(builders.customer(id="cus_a"))
    for second in range(30):
        for name in ("x", "y"):
            store.update("customer", "cus_a", {"name": f"{name}{second}"}, now=T + second)
    made = [event["id"] for event in events(store)]
    assert len(set(made)) == 61
    assert made != sorted(made)


def test_what_is_put_expanded_is_kept_by_id(store: Store) -> None:
    customer = builders.customer(id="cus_a")
    discount = builders.discount(coupon="HALF", id="di_a")
    store.put(a_subscription(discounts=[discount]) | {"customer": customer})
    kept = store.get("subscription", "sub_a")
    assert kept
    assert (kept["customer"], kept["discounts"]) == ("cus_a", ["di_a"])
    held = store.get("discount", "di_a")
    assert held
    assert held["source"] == {"coupon": "HALF", "type": "coupon"}
    assert held["subscription"] == "sub_a"


def test_a_deleted_coupon_still_shows_in_its_discounts(store: Store) -> None:
    from sandbox.http.expand import expand, tree

    store.put(builders.coupon(id="HALF", percent_off=50, applies_to=["prod_a"]))
    store.put(a_subscription(discounts=[builders.discount(coupon="HALF")]))
    store.delete("coupon", "HALF", now=T)
    assert store.get("coupon", "HALF") is None
    shown = [store.get("subscription", "sub_a") or {}]
    expand(store, "subscription", shown, tree(["data.discounts.source.coupon"], listed=True))
    coupon = orjson.loads(orjson.dumps(shown))[0]["discounts"][0]["source"]["coupon"]
    assert coupon["percent_off"] == 50
    assert "applies_to" not in coupon


def test_an_object_of_no_known_kind_is_refused_by_name(store: Store) -> None:
    with pytest.raises(ValueError, match="subscription_item si_a"):
        store.put({"id": "si_a", "object": "subscription_item"})


def test_a_file_keeps_its_state(tmp_path: Any) -> None:
    with Store(tmp_path / "state.db") as store:
        store.put(builders.customer(id="cus_a"))
    with Store(tmp_path / "state.db") as store:
        assert store.get("customer", "cus_a") == builders.customer(id="cus_a")
        assert types(store) == ["customer.created"]
    assert (tmp_path / "state.db").stat().st_mode & 0o777 == 0o600


def test_a_subscription_derives_what_stripe_would() -> None:
    yearly = builders.price(id="price_y", unit_amount=1, interval="year", currency="eur")
    items = [builders.item(price=yearly), builders.item(price=MONTHLY)]
    made = builders.subscription(
        id="sub_a", customer="cus_a", items=items, created=1_704_067_200, cancel_at_period_end=True
    )
    ends = [item["current_period_end"] for item in made["items"]["data"]]
    assert ends == [1_735_689_600, 1_706_745_600]  # 2025-01-01, 2024-02-01
    assert made["cancel_at"] == 1_735_689_600
    assert made["currency"] == "eur"
    assert [item["id"] for item in made["items"]["data"]] == ["si_a_0", "si_a_1"]


def test_an_invoice_adds_up() -> None:
    off = [{"amount": 250, "discount": "di_a"}]
    taxes = [builders.tax(amount=150, taxable_amount=750, rate="txr_a")]
    lines = [builders.line(amount=1000, discount_amounts=off, taxes=taxes)]
    made = builders.invoice(id="in_a", customer="cus_a", lines=lines, starting_balance=-400)
    assert (made["subtotal"], made["total"], made["total_excluding_tax"]) == (1000, 900, 750)
    assert (made["amount_due"], made["amount_paid"], made["ending_balance"]) == (500, 500, 0)
    assert made["total_discount_amounts"] == off
    assert made["status_transitions"]["paid_at"] == made["created"]


def test_one_line_can_stand_on_two_invoices() -> None:
    line = builders.line(amount=100)
    first = builders.invoice(id="in_a", customer="cus_a", subscription="sub_a", lines=[line])
    second = builders.invoice(id="in_b", customer="cus_a", subscription="sub_b", lines=[line])
    parents = [one["lines"]["data"][0]["parent"] for one in (first, second)]
    named = [one["subscription_item_details"]["subscription"] for one in parents]
    assert named == ["sub_a", "sub_b"]


def test_a_discount_without_an_id_cannot_be_named_by_a_line() -> None:
    off = {"amount": 1, "discount": builders.discount(coupon="HALF")}
    with pytest.raises(ValueError, match="discount: give it an id"):
        builders.line(amount=100, discount_amounts=[off])


def test_canceling_a_paused_subscription_does_not_resume_it(store: Store) -> None:
    store.put(a_subscription(status="paused"))
    store.delete("subscription", "sub_a", now=T)
    assert types(store, T) == ["customer.subscription.deleted"]
