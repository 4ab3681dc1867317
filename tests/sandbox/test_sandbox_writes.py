"""The official SDK writes to the sandbox: every endpoint, its refusals, its idempotency."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import stripe

from sandbox import clock
from sandbox.server import TEST_KEY, serving
from sandbox.storage.store import Store

T = 1_790_000_000
DAY = 86_400


class Local:
    """A sandbox of its own, the SDK against it, and its store."""

    def __init__(self, store: Store, url: str) -> None:
        self.store, self.url = store, url
        self.client = stripe.StripeClient(
            TEST_KEY, base_addresses={"api": url}, max_network_retries=0
        )
        self.v1: Any = self.client.v1
        self.http = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {TEST_KEY}"})

    def advance(self, days: int) -> None:
        answer = self.http.post("/sandbox/advance", data={"days": days})
        assert answer.status_code == 200, answer.text

    def price(self, amount: int = 5000, **fields: Any) -> Any:
        product = self.v1.products.create({"name": "Workspace"})
        params = {"currency": "usd", "unit_amount": amount, "recurring": {"interval": "month"}}
        return self.v1.prices.create({"product": product.id, **params, **fields})

    def customer(self, card: str | None = "pm_card_visa", **fields: Any) -> Any:
        params = {"payment_method": card} if card else {}
        return self.v1.customers.create({**params, **fields})

    def subscribe(self, price: Any = None, **fields: Any) -> Any:
        params = {"items": [{"price": (price or self.price()).id}]}
        customer = fields.pop("customer", None) or self.customer().id
        return self.v1.subscriptions.create({"customer": customer, **params, **fields})

    def types(self, since: int = 0) -> list[str]:
        return [one["type"] for one in self.store.objects("event") if one["created"] >= since]


@pytest.fixture
def local() -> Iterator[Local]:
    with Store() as store:
        clock.put(store, T)
        with serving(store) as url:
            yield Local(store, url)


def test_a_customer_is_created_updated_and_deleted(local: Local) -> None:
    made = local.v1.customers.create({"email": "a@example.com", "metadata": {"k": "1", "l": "2"}})
    assert (made.created, made.email) == (T, "a@example.com")
    changed = local.v1.customers.update(
        made.id, {"name": "Acorn", "email": "", "metadata": {"k": "", "m": "3"}}
    )
    assert (changed.name, changed.email) == ("Acorn", None)
    assert changed.metadata.to_dict() == {"l": "2", "m": "3"}
    assert local.v1.customers.update(made.id, {"metadata": ""}).metadata.to_dict() == {}
    assert local.v1.customers.delete(made.id).deleted
    assert local.v1.customers.retrieve(made.id).deleted
    updated = [e for e in local.store.objects("event") if e["type"] == "customer.updated"]
    before = [e["data"]["previous_attributes"] for e in updated]
    assert {"name": None, "email": "a@example.com", "metadata": {"k": "1", "m": None}} in before


def test_the_catalogue_is_written(local: Local) -> None:
    product = local.v1.products.create({"name": "Seats", "id": "prod_seats"})
    tiers = [{"up_to": 5, "unit_amount": 100}, {"up_to": "inf", "unit_amount": 80}]
    price = local.v1.prices.create({
        "product": product.id, "currency": "usd", "recurring": {"interval": "year"},
        "billing_scheme": "tiered", "tiers_mode": "graduated", "tiers": tiers, "expand": ["tiers"],
    })  # fmt: skip
    assert [tier.up_to for tier in price.tiers] == [5, None]
    changed = local.v1.prices.update(price.id, {"active": False, "nickname": "Old"})
    assert (changed.active, changed.nickname) == (False, "Old")
    coupon = local.v1.coupons.create({"id": "HALF", "percent_off": 50, "duration": "forever"})
    assert local.v1.coupons.update(coupon.id, {"name": "Half"}).name == "Half"
    assert local.v1.coupons.delete(coupon.id).deleted
    assert local.v1.products.update(product.id, {"active": False}).active is False
    assert {"price.created", "plan.created", "price.updated", "coupon.deleted"} <= set(
        local.types()
    )


def test_payment_methods_are_attached_and_detached(local: Local) -> None:
    customer = local.v1.customers.create({})
    method = local.v1.payment_methods.create({"type": "card", "card": {"token": "tok_visa"}})
    attached = local.v1.payment_methods.attach(method.id, {"customer": customer.id})
    assert (attached.id, attached.customer) == (method.id, customer.id)
    settings = {"default_payment_method": method.id}
    changed = local.v1.customers.update(customer.id, {"invoice_settings": settings})
    assert changed.invoice_settings.default_payment_method == method.id
    assert local.v1.payment_methods.detach(method.id).customer is None
    again = local.v1.customers.retrieve(customer.id)
    assert again.invoice_settings.default_payment_method is None
    other = local.v1.payment_methods.attach("pm_card_mastercard", {"customer": customer.id})
    assert (other.id[:4], other.card.brand) == ("pm_1", "mastercard")
    with pytest.raises(stripe.InvalidRequestError, match="must be attached"):
        local.v1.customers.update(customer.id, {"invoice_settings": settings})


def test_a_subscription_is_paid_at_once(local: Local) -> None:
    made = local.subscribe(metadata={"plan": "x"}, expand=["latest_invoice"])
    assert made.status == "active"
    invoice = made.latest_invoice
    assert (invoice.status, invoice.total, invoice.amount_paid) == ("paid", 5000, 5000)
    assert invoice.billing_reason == "subscription_create"
    assert local.v1.customers.retrieve(made.customer).currency == "usd"
    assert {"customer.subscription.created", "invoice.paid"} <= set(local.types())


def test_without_a_way_to_pay_it_is_incomplete_and_expires(local: Local) -> None:
    customer = local.customer(card=None)
    made = local.subscribe(customer=customer.id)
    assert made.status == "incomplete"
    assert local.v1.invoices.retrieve(made.latest_invoice).status == "open"
    local.advance(1)
    assert local.v1.subscriptions.retrieve(made.id).status == "incomplete_expired"
    assert local.v1.invoices.retrieve(made.latest_invoice).status == "void"


def test_a_declined_card_can_refuse_the_whole_request(local: Local) -> None:
    customer = local.customer("pm_card_chargeCustomerFail")
    with pytest.raises(stripe.CardError) as caught:
        local.subscribe(customer=customer.id, payment_behavior="error_if_incomplete")
    assert (caught.value.http_status, caught.value.code) == (402, "card_declined")
    assert local.store.count("subscription") == local.store.count("invoice") == 0


def test_an_incomplete_subscription_is_active_once_it_is_paid(local: Local) -> None:
    customer = local.customer(card=None)
    made = local.subscribe(customer=customer.id)
    with pytest.raises(stripe.CardError):
        local.v1.invoices.pay(made.latest_invoice)
    assert local.v1.invoices.retrieve(made.latest_invoice).attempt_count == 2
    method = local.v1.payment_methods.attach("pm_card_visa", {"customer": customer.id})
    paid = local.v1.invoices.pay(made.latest_invoice, {"payment_method": method.id})
    assert paid.status == "paid"
    assert local.v1.subscriptions.retrieve(made.id).status == "active"


def test_a_first_invoice_can_wait_to_be_paid_by_the_client(local: Local) -> None:
    wait = {"payment_behavior": "default_incomplete"}
    made = local.subscribe(**wait, expand=["latest_invoice"])
    assert (made.status, made.latest_invoice.status) == ("incomplete", "open")
    assert made.latest_invoice.attempt_count == 0
    rich = local.customer(balance=-9000)
    assert local.subscribe(customer=rich.id, **wait).status == "active"


def test_canceling_gives_back_unused_time_if_asked(local: Local) -> None:
    made = local.subscribe()
    local.advance(15)
    local.v1.subscriptions.cancel(made.id, {"prorate": True, "invoice_now": True})
    last = max(local.store.objects("invoice"), key=lambda one: one["created"])
    (line,) = last["lines"]["data"]
    assert -2600 < line["amount"] < -2400
    assert (last["status"], last["amount_due"]) == ("paid", 0)
    assert local.v1.customers.retrieve(made.customer).balance == line["amount"]


def test_an_upgrade_is_prorated_with_the_next_invoice(local: Local) -> None:
    small, large = local.price(3000), local.price(9000)
    made = local.subscribe(small)
    local.advance(15)
    item = made["items"].data[0]
    changed = local.v1.subscriptions.update(
        made.id, {"items": [{"id": item.id, "price": large.id, "quantity": 2}]}
    )
    (now,) = changed["items"].data
    assert (now.price.id, now.quantity, now.id) == (large.id, 2, item.id)
    assert now.current_period_end == item.current_period_end
    local.advance(16)
    latest = local.v1.subscriptions.retrieve(made.id, {"expand": ["latest_invoice"]})
    lines = latest.latest_invoice.lines.data
    whole = item.current_period_end - item.current_period_start
    left = item.current_period_end - (T + 15 * DAY)
    assert [line.amount for line in lines] == [
        18000, -round(3000 * left / whole), round(18000 * left / whole),
    ]  # fmt: skip
    assert latest.latest_invoice.status == "paid"


def test_another_interval_begins_a_new_cycle_at_once(local: Local) -> None:
    monthly = local.price(3000)
    yearly = local.price(30000, recurring={"interval": "year"})
    made = local.subscribe(monthly)
    local.advance(10)
    changed = local.v1.subscriptions.update(
        made.id,
        {"items": [{"id": made["items"].data[0].id, "price": yearly.id}],
         "expand": ["latest_invoice"]},
    )  # fmt: skip
    (item,) = changed["items"].data
    assert item.current_period_start == changed.billing_cycle_anchor == T + 10 * DAY
    invoice = changed.latest_invoice
    assert (invoice.billing_reason, invoice.status) == ("subscription_update", "paid")
    assert invoice.total == 30000 - 2000
    assert sorted(line.amount for line in invoice.lines) == [-2000, 30000]


def test_items_are_added_changed_and_removed(local: Local) -> None:
    seat, weekly = local.price(1000), local.price(700, recurring={"interval": "week"})
    made = local.subscribe(local.price())
    added = local.v1.subscription_items.create(
        {"subscription": made.id, "price": seat.id, "quantity": 3}
    )
    assert (added.price.id, added.quantity) == (seat.id, 3)
    assert local.v1.subscription_items.update(added.id, {"quantity": 4}).quantity == 4
    mixed = local.v1.subscription_items.create({"subscription": made.id, "price": weekly.id})
    assert mixed.current_period_end - mixed.current_period_start == 7 * DAY
    assert local.v1.subscription_items.delete(added.id).deleted
    left = local.v1.subscriptions.retrieve(made.id)["items"].data
    assert [one.id for one in left] == [made["items"].data[0].id, mixed.id]
    local.advance(8)
    after = local.v1.subscription_items.retrieve(mixed.id)
    assert after.current_period_start == mixed.current_period_end
    unmoved = local.v1.subscription_items.retrieve(left[0].id)
    assert unmoved.current_period_end == left[0].current_period_end


def test_classic_billing_refuses_mixed_intervals(local: Local) -> None:
    prices = [local.price(), local.price(700, recurring={"interval": "week"})]
    with pytest.raises(stripe.InvalidRequestError, match="flexible"):
        local.v1.subscriptions.create({
            "customer": local.customer().id, "billing_mode": {"type": "classic"},
            "items": [{"price": price.id} for price in prices],
        })  # fmt: skip


@pytest.mark.parametrize("mode", ["classic", "flexible"])
def test_it_ends_with_its_period_unless_that_is_taken_back(local: Local, mode: str) -> None:
    made = local.subscribe(billing_mode={"type": mode})
    asked = local.v1.subscriptions.update(made.id, {"cancel_at_period_end": True})
    end = made["items"].data[0].current_period_end
    assert (asked.cancel_at, asked.cancel_at_period_end) == (end, mode == "classic")
    assert asked.canceled_at == T
    back = local.v1.subscriptions.update(made.id, {"cancel_at_period_end": False})
    assert (back.cancel_at, back.canceled_at) == (None, None)
    local.v1.subscriptions.update(made.id, {"cancel_at_period_end": True})
    local.advance(32)
    gone = local.v1.subscriptions.retrieve(made.id)
    assert (gone.status, gone.ended_at, gone.canceled_at) == ("canceled", end, T)
    assert local.store.count("invoice") == 1


def test_it_ends_at_a_moment_and_at_once(local: Local) -> None:
    made = local.subscribe()
    local.v1.subscriptions.update(made.id, {"cancel_at": T + 40 * DAY})
    local.advance(41)
    gone = local.v1.subscriptions.retrieve(made.id)
    assert (gone.status, gone.ended_at) == ("canceled", T + 40 * DAY)
    assert local.store.count("invoice") == 2
    other = local.subscribe(customer=made.customer)
    details = {"comment": "too dear", "feedback": "too_expensive"}
    now = local.v1.subscriptions.cancel(other.id, {"cancellation_details": details})
    assert (now.status, now.ended_at) == ("canceled", T + 41 * DAY)
    assert now.cancellation_details.reason == "cancellation_requested"
    with pytest.raises(stripe.InvalidRequestError, match="canceled subscription"):
        local.v1.subscriptions.update(other.id, {"description": "x"})
    with pytest.raises(stripe.InvalidRequestError, match="No such subscription"):
        local.v1.subscriptions.cancel(other.id)


def test_a_trial_converts_and_its_end_is_announced(local: Local) -> None:
    made = local.subscribe(trial_period_days=14)
    assert (made.status, made.trial_end) == ("trialing", T + 14 * DAY)
    assert local.v1.invoices.retrieve(made.latest_invoice).total == 0
    local.advance(12)
    assert "customer.subscription.trial_will_end" in local.types(T + 11 * DAY)
    local.advance(3)
    after = local.v1.subscriptions.retrieve(made.id, {"expand": ["latest_invoice"]})
    assert after.status == "active"
    assert after["items"].data[0].current_period_start == after.trial_end == T + 14 * DAY
    assert (after.latest_invoice.total, after.latest_invoice.status) == (5000, "paid")


@pytest.mark.parametrize(
    ("behavior", "status"),
    [("pause", "paused"), ("cancel", "canceled"), ("create_invoice", "past_due")],
)
def test_a_trial_without_a_way_to_pay_ends_as_it_says(
    local: Local, behavior: str, status: str
) -> None:
    settings = {"end_behavior": {"missing_payment_method": behavior}}
    made = local.subscribe(
        customer=local.customer(card=None).id, trial_period_days=7, trial_settings=settings
    )
    local.advance(8)
    assert local.v1.subscriptions.retrieve(made.id).status == status


def test_a_trial_can_end_now_or_be_given_later(local: Local) -> None:
    made = local.subscribe(trial_end=T + 9 * DAY)
    later = local.v1.subscriptions.update(made.id, {"trial_end": T + 20 * DAY})
    assert later["items"].data[0].current_period_end == T + 20 * DAY
    ended = local.v1.subscriptions.update(made.id, {"trial_end": "now"})
    assert (ended.status, ended.trial_end) == ("active", T)


@pytest.mark.parametrize(
    ("then", "status"), [("cancel", "canceled"), ("unpaid", "unpaid"), ("past_due", "past_due")]
)
def test_failing_payments_are_tried_again_and_given_up(
    local: Local, then: str, status: str
) -> None:
    local.http.post("/sandbox/dunning", data={"retry_days[]": ["2", "2"], "then": then})
    made = local.subscribe()
    bad = local.v1.payment_methods.attach("pm_card_chargeCustomerFail", {"customer": made.customer})
    settings = {"default_payment_method": bad.id}
    local.v1.customers.update(made.customer, {"invoice_settings": settings})
    local.advance(31)
    late = local.v1.subscriptions.retrieve(made.id, {"expand": ["latest_invoice"]})
    assert (late.status, late.latest_invoice.attempt_count) == ("past_due", 1)
    assert late.latest_invoice.next_payment_attempt
    assert local.v1.customers.retrieve(made.customer).delinquent
    local.advance(5)
    after = local.v1.subscriptions.retrieve(made.id, {"expand": ["latest_invoice"]})
    assert (after.status, after.latest_invoice.attempt_count) == (status, 3)
    assert after.latest_invoice.next_payment_attempt is None
    if then == "cancel":
        assert after.cancellation_details.reason == "payment_failed"
    else:
        good = local.v1.payment_methods.attach("pm_card_visa", {"customer": made.customer})
        local.v1.invoices.pay(after.latest_invoice.id, {"payment_method": good.id})
        assert local.v1.subscriptions.retrieve(made.id).status == "active"
        assert not local.v1.customers.retrieve(made.customer).delinquent
    assert local.types().count("invoice.payment_failed") == 3


@pytest.mark.parametrize(
    ("behavior", "status"),
    [("void", "void"), ("keep_as_draft", "draft"), ("mark_uncollectible", "uncollectible")],
)
def test_held_collection_leaves_it_active(local: Local, behavior: str, status: str) -> None:
    made = local.subscribe()
    pause = {"behavior": behavior, "resumes_at": T + 40 * DAY}
    local.v1.subscriptions.update(made.id, {"pause_collection": pause})
    local.advance(32)
    held = local.v1.subscriptions.retrieve(made.id, {"expand": ["latest_invoice"]})
    assert (held.status, held.latest_invoice.status) == ("active", status)
    local.advance(10)
    assert local.v1.subscriptions.retrieve(made.id).pause_collection is None
    local.v1.subscriptions.update(made.id, {"pause_collection": {"behavior": "void"}})
    again = local.v1.subscriptions.update(made.id, {"pause_collection": ""})
    assert again.pause_collection is None


def test_a_paused_subscription_bills_nothing_until_it_is_resumed(local: Local) -> None:
    made = local.subscribe()
    paused = local.v1.subscriptions.pause(made.id)
    assert paused.status == "paused"
    assert paused.status_details.paused.subscription.type == "pause_requested"
    assert "customer.subscription.paused" in local.types()
    local.advance(70)
    assert local.store.count("invoice") == 1
    resumed = local.v1.subscriptions.resume(made.id, {"expand": ["latest_invoice"]})
    assert (resumed.status, resumed.status_details) == ("active", None)
    assert resumed.billing_cycle_anchor == T + 70 * DAY
    assert resumed.latest_invoice.total == 0  # what was paid for and not used is given back
    assert "customer.subscription.resumed" in local.types()


def test_discounts_take_off_as_long_as_they_last(local: Local) -> None:
    for name, how in (
        ("ONCE", {"duration": "once", "amount_off": 1000, "currency": "usd"}),
        ("THREE", {"duration": "repeating", "duration_in_months": 2, "percent_off": 10}),
    ):
        local.v1.coupons.create({"id": name, **how})
    made = local.subscribe(discounts=[{"coupon": "ONCE"}, {"coupon": "THREE"}])
    assert len(made.discounts) == 1
    for _ in range(3):
        local.advance(31)
    totals = [one["total"] for one in local.store.objects("invoice")]
    assert totals == [3600, 4500, 5000, 5000]
    assert local.v1.subscriptions.retrieve(made.id).discounts == []
    assert local.v1.coupons.retrieve("ONCE").times_redeemed == 1
    again = local.v1.subscriptions.update(made.id, {"discounts": [{"coupon": "THREE"}]})
    assert local.v1.subscriptions.delete_discount(made.id).deleted
    assert again.discounts
    assert local.v1.subscriptions.retrieve(made.id).discounts == []


def test_a_customers_discount_is_deleted(local: Local) -> None:
    from sandbox import builders

    local.v1.coupons.create({"id": "HALF", "percent_off": 50, "duration": "forever"})
    local.store.put(builders.customer(id="cus_a", discount=builders.discount(coupon="HALF")))
    assert local.v1.customers.delete_discount("cus_a").deleted
    assert local.v1.customers.retrieve("cus_a").discount is None
    assert "customer.discount.deleted" in local.types()
    with pytest.raises(stripe.InvalidRequestError) as caught:
        local.v1.customers.delete_discount("cus_a")
    assert caught.value.http_status == 404


def test_a_one_off_invoice_goes_its_ways(local: Local) -> None:
    customer = local.customer()
    price = local.v1.prices.create(
        {"currency": "usd", "unit_amount": 700, "product_data": {"name": "Onboarding"}}
    )
    made = []
    for _ in range(4):
        draft = local.v1.invoices.create({"customer": customer.id, "currency": "usd"})
        local.v1.invoice_items.create({
            "customer": customer.id, "invoice": draft.id, "pricing": {"price": price.id},
            "quantity": 2,
        })  # fmt: skip
        local.v1.invoice_items.create({"invoice": draft.id, "customer": customer.id, "amount": 50})
        made.append(local.v1.invoices.retrieve(draft.id))
    listed = local.v1.invoice_items.list({"invoice": made[0].id, "expand": ["data.invoice"]})
    assert sorted(one.amount for one in listed.auto_paging_iter()) == [50, 1400]
    first = listed.data[0]
    assert (first.invoice.id, first.invoice.total) == (made[0].id, 1450)
    assert local.v1.invoice_items.retrieve(first.id).amount == first.amount
    local.v1.invoice_items.delete(
        local.v1.invoice_items.create(
            {"customer": customer.id, "invoice": made[0].id, "amount": 7}
        ).id
    )
    assert {one.total for one in made} == {1450}
    paid = local.v1.invoices.pay(local.v1.invoices.finalize_invoice(made[0].id).id)
    assert (paid.status, paid.amount_paid, paid.number[-5:]) == ("paid", 1450, "-0001")
    local.v1.invoices.finalize_invoice(made[1].id)
    assert local.v1.invoices.void_invoice(made[1].id).status == "void"
    local.v1.invoices.finalize_invoice(made[2].id)
    assert local.v1.invoices.mark_uncollectible(made[2].id).status == "uncollectible"
    assert local.v1.invoices.delete(made[3].id).deleted
    for wrong in (local.v1.invoices.finalize_invoice, local.v1.invoices.void_invoice):
        with pytest.raises(stripe.InvalidRequestError):
            wrong(paid.id)


def test_a_customers_credit_is_used_up_first(local: Local) -> None:
    customer = local.customer(balance=-2000)
    made = local.subscribe(customer=customer.id, expand=["latest_invoice"])
    invoice = made.latest_invoice
    assert (invoice.total, invoice.starting_balance, invoice.amount_paid) == (5000, -2000, 3000)
    assert local.v1.customers.retrieve(customer.id).balance == 0


def test_deleting_a_customer_ends_everything(local: Local) -> None:
    made = local.subscribe()
    local.v1.customers.delete(made.customer)
    assert local.v1.subscriptions.retrieve(made.id).status == "canceled"
    local.advance(60)
    assert local.store.count("invoice") == 1


@pytest.mark.parametrize(
    ("path", "body", "code", "param"),
    [
        ("customers", "colour=red", "parameter_unknown", "colour"),
        ("customers", "metadata[k]=1&balance=ten", "parameter_invalid_integer", "balance"),
        ("subscriptions", "items[0][price]=p", "parameter_missing", "customer"),
        ("subscriptions", "customer=cus_x&items[0][price]=p", "resource_missing", "customer"),
        ("subscriptions", "customer=c&items[0][sice]=p", "parameter_unknown", "items[0][sice]"),
        ("products", "name=", "parameter_invalid_empty", "name"),
        ("prices", "currency=usd&product=prod_x&unit_amount=1", "resource_missing", "product"),
        ("coupons", "amount_off=5", "parameter_missing", "currency"),
        ("invoices", "customer=cus_x", "resource_missing", "customer"),
        ("invoices/in_x/pay", "", "resource_missing", "id"),
    ],
)
def test_wrong_requests_are_refused_and_change_nothing(
    local: Local, path: str, body: str, code: str, param: str
) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = local.http.post(f"/v1/{path}", content=body, headers=form)
    error = answer.json()["error"]
    assert answer.status_code == (404 if param == "id" else 400)
    assert (error["code"], error["param"]) == (code, param)
    assert local.types() == []


def test_a_repeated_key_repeats_the_answer(local: Local) -> None:
    options = {"idempotency_key": "key-1"}
    first = local.v1.customers.create({"name": "A"}, options)
    again = local.v1.customers.create({"name": "A"}, options)
    assert first.id == again.id
    assert again.last_response.headers["Idempotent-Replayed"] == "true"
    assert local.store.count("customer") == 1
    with pytest.raises(stripe.IdempotencyError):
        local.v1.customers.create({"name": "B"}, options)


def test_the_clock_moves_only_when_told_and_never_back(local: Local) -> None:
    assert local.http.get("/sandbox/clock").json() == {"now": T}
    local.advance(2)
    assert local.http.get("/sandbox/clock").json() == {"now": T + 2 * DAY}
    back = local.http.post("/sandbox/advance", data={"to": T})
    assert back.status_code == 400
    ahead = local.http.post("/sandbox/clock", data={"now": T + 5 * DAY})
    assert ahead.json() == {"now": T + 5 * DAY}
    assert local.customer().created == T + 5 * DAY


def test_days_of_business_can_be_asked_for_over_http(local: Local) -> None:
    local.price()
    answer = local.http.post("/sandbox/live", data={"days": 10, "seed": 4})
    assert answer.json()["now"] == T + 10 * DAY
    assert answer.json()["done"]["a customer arrives"] > 3
    assert local.store.count("subscription") > 3


def test_a_request_in_a_wrong_shape_is_refused(local: Local) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for body in ("items=1", "customer[a]=1", "items[0]=x&customer=c", "a[=1", "metadata=1"):
        answer = local.http.post("/v1/subscriptions", content=body, headers=form)
        assert answer.status_code == 400, body
        assert answer.json()["error"]["type"] == "invalid_request_error"
