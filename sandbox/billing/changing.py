"""A change of a subscription: plain fields, cancellation, trial; items are `switching`'s.

Enters: typed parameters of `POST /v1/subscriptions/{id}`. Leaves: the subscription afterwards.
"""

from sandbox.billing import asked, renewing, switching
from sandbox.billing.ending import OVER
from sandbox.books import Books
from sandbox.errors import StripeError
from sandbox.http.form import merged
from sandbox.shapes import Json

_PLAIN = (
    *("collection_method", "days_until_due", "default_payment_method", "default_source"),
    "description",
)
_AFTER_THE_END = {"metadata", "cancellation_details"}


def update(books: Books, subscription: Json, given: Json) -> Json:
    """Everything that one request asks for; the invoice that it brings, if any, at once."""
    if subscription["status"] in OVER and not given.keys() <= _AFTER_THE_END:
        raise StripeError(
            "A canceled subscription can only update its cancellation_details and metadata."
        )
    changed = subscription | {name: given[name] for name in _PLAIN if name in given}
    if "metadata" in given:
        changed["metadata"] = merged(subscription["metadata"], given["metadata"])
    if "pause_collection" in given:
        changed["pause_collection"] = given["pause_collection"]
    if "discounts" in given:
        by = {"customer": subscription["customer"], "subscription": subscription["id"]}
        changed["discounts"] = asked.carried(books, given["discounts"], "discounts", **by)
    nested(changed, given)
    changed |= cancellation(books, changed, given)
    if "trial_end" in given and given["trial_end"] != "now":
        changed |= _trial(books, subscription, given)
    if "items" in given or given.get("billing_cycle_anchor") == "now":
        switching.switch(books, changed, given)
    else:
        books.put(changed)
    if given.get("trial_end") == "now" and subscription["status"] == "trialing":
        renewing.convert(books, books.get("subscription", subscription["id"]))
    return books.get("subscription", subscription["id"])


def nested(subscription: Json, given: Json) -> None:
    """Objects inside, of which only what is said changes."""
    for name in ("trial_settings", "cancellation_details", "automatic_tax"):
        if name in given:
            subscription[name] = subscription[name] | given[name]
    if subscription["automatic_tax"]["enabled"]:
        subscription["automatic_tax"]["liability"] = {"account": None, "type": "self"}
    elif "automatic_tax" in given:
        subscription["automatic_tax"]["liability"] = None


def cancellation(books: Books, subscription: Json, given: Json) -> Json:
    """When it is to end: at a moment, at the end of its period, or not at all any more."""
    at_end, moment = given.get("cancel_at_period_end"), given.get("cancel_at")
    if "cancel_at" not in given and at_end is None:
        return {}
    if at_end and moment:
        raise StripeError("You may only specify one of: cancel_at, cancel_at_period_end.")
    details = subscription["cancellation_details"]
    if not at_end and not moment:
        reason = {"cancellation_details": details | {"reason": None}}
        return {"cancel_at_period_end": False, "cancel_at": None, "canceled_at": None} | reason
    at = _moment(subscription, "max_period_end" if at_end else moment)
    if at <= books.now:
        raise StripeError("cancel_at must be in the future.", param="cancel_at")
    flexible = subscription["billing_mode"]["type"] == "flexible"
    return {
        "cancel_at_period_end": bool(at_end) and not flexible,
        "cancel_at": at,
        "canceled_at": books.now,
        "cancellation_details": details | {"reason": "cancellation_requested"},
    }


def _moment(subscription: Json, asked_for: int | str | None) -> int:
    ends = [one["current_period_end"] for one in subscription["items"]["data"]]
    if asked_for in ("max_period_end", "min_period_end"):
        return int(max(ends) if asked_for == "max_period_end" else min(ends))
    return int(asked_for or 0)


def _trial(books: Books, subscription: Json, given: Json) -> Json:
    """A trial that is made longer or shorter; whoever has paid gets one too."""
    end = asked.trial_end(books, given)
    start = subscription["trial_start"] if subscription["status"] == "trialing" else books.now
    data = [
        one | {"current_period_start": start, "current_period_end": end}
        for one in subscription["items"]["data"]
    ]
    return {
        "status": "trialing",
        "trial_start": start,
        "trial_end": end,
        "billing_cycle_anchor": end,
        "items": subscription["items"] | {"data": data},
    }
