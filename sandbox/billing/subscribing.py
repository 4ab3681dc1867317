"""A new subscription: its items, its trial or its first invoice.

Enters: typed parameters of `POST /v1/subscriptions`. Leaves: the subscription as Stripe answers.
"""

from sandbox import builders
from sandbox.billing import asked, changing, collecting, cycles, invoicing, lines
from sandbox.books import Books
from sandbox.errors import StripeError
from sandbox.http.refusals import Declined
from sandbox.shapes import Json

_PLAIN = ("collection_method", "days_until_due", "description")


def create(books: Books, given: Json) -> Json:
    """Trialing, active, or incomplete until its first invoice is paid."""
    customer = books.named("customer", given["customer"], "customer")
    made = _made(books, customer, given)
    for field, value in changing.cancellation(books, made, given).items():
        made[field] = value
    subscription = books.put(made)
    if customer["currency"] is None:
        books.update(customer, currency=subscription["currency"])
    first(books, subscription, given.get("payment_behavior", "allow_incomplete"))
    return books.get("subscription", subscription["id"])


def first(books: Books, subscription: Json, behavior: str) -> None:
    """The first invoice, finalized and collected at once."""
    trial = subscription["status"] == "trialing"
    charges = [
        lines.Charge(one, one["current_period_start"], one["current_period_end"], free=trial)
        for one in subscription["items"]["data"]
        if one["price"]["recurring"]["usage_type"] == "licensed"
    ]
    draft = invoicing.of_subscription(books, subscription, charges, "subscription_create")
    if draft is None:
        books.update(subscription, status="trialing" if trial else "active")
        return
    kept = invoicing.kept(books, subscription, draft)
    books.update(subscription, latest_invoice=draft["id"], **kept)
    later = behavior == "default_incomplete" and draft["total"] > 0
    invoice = collecting.opened(books, draft) if later else collecting.process(books, draft)
    if behavior == "error_if_incomplete" and invoice["attempted"] and invoice["status"] == "open":
        raise Declined()


def _made(books: Books, customer: Json, given: Json) -> Json:
    flexible = given.get("billing_mode", {}).get("type", "flexible") == "flexible"
    end = asked.trial_end(books, given)
    items = [asked.item(books, one, f"items[{index}]") for index, one in enumerate(given["items"])]
    asked.checked(items, flexible=flexible)
    _currency_fits(customer, items)
    by_invoice = given.get("collection_method") == "send_invoice"
    _days(given, by_invoice=by_invoice)
    identity = books.new("sub_")
    made = builders.subscription(
        id=identity,
        customer=customer["id"],
        items=[cycles.moved(one, _span(books, one, end)) for one in items],
        status="trialing" if end else "active" if by_invoice else "incomplete",
        trial_end=end,
        flexible=flexible,
        created=books.now,
        default_payment_method=given.get("default_payment_method"),
        default_source=given.get("default_source"),
        metadata=given.get("metadata") or {},
        **{name: given[name] for name in _PLAIN if name in given},
    )
    by = {"customer": customer["id"], "subscription": identity}
    made["discounts"] = asked.carried(books, given.get("discounts") or [], "discounts", **by)
    for index, (one, said) in enumerate(zip(made["items"]["data"], given["items"], strict=True)):
        param = f"items[{index}][discounts]"
        by = {"subscription": identity, "subscription_item": one["id"]}
        one["discounts"] = asked.carried(books, said.get("discounts") or [], param, **by)
    changing.nested(made, given)
    return made


def _span(books: Books, item: Json, trial_end: int | None) -> cycles.Span:
    if trial_end:
        return books.now, trial_end
    return cycles.around(books.now, item["price"]["recurring"], books.now)


def _currency_fits(customer: Json, items: list[Json]) -> None:
    currency = items[0]["price"]["currency"]
    if customer["currency"] not in (None, currency):
        raise StripeError(
            "You cannot combine currencies on a single customer. This customer has had a"
            f" subscription, coupon, or invoice item with currency {customer['currency']}.",
            param="items",
        )


def _days(given: Json, *, by_invoice: bool) -> None:
    if by_invoice and not given.get("days_until_due"):
        raise StripeError(
            "If `collection_method` is `send_invoice`, you must pass `days_until_due`.",
            param="days_until_due",
        )
