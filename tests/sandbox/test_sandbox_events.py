"""Events that no change of a field of their own object brings about."""

from test_sandbox_writes import DAY, Local, T, local

from sandbox import builders

__all__ = ["local"]  # a fixture


def discounts_told(local: Local) -> set[tuple[str, str]]:
    events = local.v1.events.list({"type": "customer.discount.*", "limit": 100})
    return {
        (event.type.rpartition(".")[2], event.data.object["source"]["coupon"]) for event in events
    }


def test_a_subscriptions_discounts_have_events(local: Local) -> None:
    local.v1.coupons.create({"id": "HALF", "percent_off": 50, "duration": "once"})
    local.v1.coupons.create({"id": "TEN", "percent_off": 10, "duration": "forever"})
    made = local.subscribe(discounts=[{"coupon": "TEN"}])
    item = made["items"].data[0].id
    local.v1.subscription_items.update(item, {"discounts": [{"coupon": "HALF"}]})
    local.v1.subscriptions.delete_discount(made.id)
    expected = {("created", "TEN"), ("created", "HALF"), ("deleted", "TEN")}
    assert discounts_told(local) == expected
    local.advance(29)
    local.advance(3)  # what was for one use is used up; older events are forgotten
    assert ("deleted", "HALF") in discounts_told(local)


def test_an_event_of_a_discount_names_its_subscription(local: Local) -> None:
    local.v1.coupons.create({"id": "TEN", "percent_off": 10, "duration": "forever"})
    made = local.subscribe(discounts=[{"coupon": "TEN"}])
    for event in local.v1.events.list({"type": "customer.discount.created"}):
        assert event.data.object["subscription"] == made.id


def test_another_discount_of_a_customer_is_an_update(local: Local) -> None:
    for name in ("HALF", "TEN"):
        local.v1.coupons.create({"id": name, "percent_off": 10, "duration": "forever"})
    discounts = [builders.discount(id=f"di_{name}", coupon=name) for name in ("HALF", "TEN")]
    local.store.put(builders.customer(id="cus_a", discount=discounts[0]))
    local.store.update("customer", "cus_a", {"discount": discounts[1]}, now=T)
    (event,) = local.v1.events.list({"type": "customer.discount.updated"}).data
    assert event.data.object["source"]["coupon"] == "TEN"
    before = event.data.previous_attributes.to_dict()
    assert (before["id"], before["source"]) == ("di_HALF", {"coupon": "HALF"})


def test_an_invoice_is_announced_seven_days_before(local: Local) -> None:
    made = local.subscribe()
    count = local.store.count("invoice")
    local.advance(25)
    (event,) = local.v1.events.list({"type": "invoice.upcoming"}).data
    said = event.data.object
    end = made["items"].data[0].current_period_end
    assert event.created == end - 7 * DAY
    assert "id" not in said
    assert (said["billing_reason"], said["next_payment_attempt"]) == ("upcoming", end + 3600)
    assert local.store.count("invoice") == count
    assert local.v1.subscriptions.retrieve(made.id)["items"].data[0].current_period_end == end
    local.advance(10)
    billed = local.v1.invoices.retrieve(local.v1.subscriptions.retrieve(made.id).latest_invoice)
    assert (billed.total, billed.period_start) == (said["total"], said["period_start"])
    assert [line.period.end for line in billed.lines] == [
        line["period"]["end"] for line in said["lines"]["data"]
    ]


def test_what_ends_or_is_not_collected_announces_no_invoice(local: Local) -> None:
    ending, held = local.subscribe(), local.subscribe()
    local.v1.subscriptions.update(ending.id, {"cancel_at_period_end": True})
    local.v1.subscriptions.update(held.id, {"pause_collection": {"behavior": "void"}})
    local.advance(40)
    assert "invoice.upcoming" not in local.types()
