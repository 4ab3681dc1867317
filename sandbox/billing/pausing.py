"""Pausing a subscription itself, so that nothing is billed, and resuming it.

Enters: a subscription and typed parameters. Leaves: it `paused` with unused time given back, or
active again in a cycle that begins now or goes on as before.
"""

from sandbox.billing import cycles, proration, switching
from sandbox.billing.lines import Charge
from sandbox.billing.renewing import paused
from sandbox.books import Books
from sandbox.errors import StripeError
from sandbox.shapes import Json

_CAN_PAUSE = ("active", "past_due", "trialing", "unpaid")


def pause(books: Books, subscription: Json, given: Json) -> Json:
    """From now on it bills nothing."""
    if subscription["status"] not in _CAN_PAUSE:
        raise StripeError(
            f"A subscription that is {subscription['status']} cannot be paused.",
        )
    since = given.get("bill_for", {}).get("unused_time_from", {}).get("type", "now")
    if since != "none" and subscription["status"] in ("active", "past_due"):
        for item in subscription["items"]["data"]:
            from_start = since == "item_current_period_start"
            moment = item["current_period_start"] if from_start else books.now
            proration.credit(books, subscription, item, moment)
    if given.get("invoicing_behavior") == "invoice":
        switching.bill(books, subscription["id"], [])
    books.update(subscription, status="paused", status_details=paused(books, "pause_requested"))
    return books.get("subscription", subscription["id"])


def resume(books: Books, subscription: Json, given: Json) -> Json:
    """Active again; by default a new cycle begins now, and is billed at once."""
    if subscription["status"] != "paused":
        raise StripeError("Only paused subscriptions can be resumed.")
    unchanged = given.get("billing_cycle_anchor", {}).get("type") == "unchanged"
    anchor = min(subscription["billing_cycle_anchor"], books.now) if unchanged else books.now
    items = [
        cycles.moved(one, cycles.around(anchor, one["price"]["recurring"], books.now))
        for one in subscription["items"]["data"]
    ]
    changed = books.update(
        subscription,
        status="active",
        status_details=None,
        billing_cycle_anchor=anchor,
        items=subscription["items"] | {"data": items},
    )
    behavior = given.get("proration_behavior", "create_prorations")
    if not unchanged:
        switching.bill(books, changed["id"], [_charge(one) for one in items if _licensed(one)])
    elif behavior != "none":
        for one in items:
            proration.debit(books, changed, one)
        if behavior == "always_invoice":
            switching.bill(books, changed["id"], [])
    return books.get("subscription", subscription["id"])


def _charge(item: Json) -> Charge:
    return Charge(item, item["current_period_start"], item["current_period_end"])


def _licensed(item: Json) -> bool:
    return bool(item["price"]["recurring"]["usage_type"] == "licensed")
