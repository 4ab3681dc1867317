"""Subscriptions and their items: what can be written, field by field."""

from sandbox import builders
from sandbox.billing import changing, ending, pausing, proration, subscribing, switching
from sandbox.books import Books
from sandbox.errors import StripeError, missing
from sandbox.http import form
from sandbox.http.form import boolean, choice, clearable, either, listed, natural, record, text
from sandbox.http.writing import Write
from sandbox.shapes import Json

_PRORATION = choice("always_invoice", "create_prorations", "none")
_DISCOUNTS = listed(record({"coupon": text, "discount": text}))
_ITEM = {
    "discounts": _DISCOUNTS,
    "metadata": form.metadata,
    "plan": text,
    "price": text,
    "quantity": natural,
}
_CHANGED_ITEM = _ITEM | {"id": text, "deleted": boolean, "clear_usage": boolean}
_FEEDBACK = (
    *("customer_service", "low_quality", "missing_features", "other", "switched_service"),
    *("too_complex", "too_expensive", "unused"),
)
_DETAILS = record({"comment": clearable(text), "feedback": clearable(choice(*_FEEDBACK))})
_END_BEHAVIOR = record({"missing_payment_method": choice("cancel", "create_invoice", "pause")})
_PAYMENT = choice("allow_incomplete", "default_incomplete", "error_if_incomplete")
_BOTH = {
    "automatic_tax": record({"enabled": boolean}, "enabled"),
    "cancel_at": clearable(either("min_period_end", either("max_period_end", natural))),
    "cancel_at_period_end": boolean,
    "collection_method": choice("charge_automatically", "send_invoice"),
    "days_until_due": form.at_most(3650),
    "default_payment_method": text,
    "default_source": clearable(text),
    "description": clearable(text),
    "discounts": _DISCOUNTS,
    "metadata": form.metadata,
    "off_session": boolean,
    "payment_behavior": _PAYMENT,
    "proration_behavior": _PRORATION,
    "trial_end": either("now", natural),
    "trial_settings": record({"end_behavior": _END_BEHAVIOR}, "end_behavior"),
}
_NEW = _BOTH | {
    "billing_mode": record({"type": choice("classic", "flexible")}, "type"),
    "customer": text,
    "items": listed(record(_ITEM)),
    "trial_period_days": form.at_most(730),
}
_CHANGED = _BOTH | {
    "billing_cycle_anchor": choice("now", "unchanged"),
    "cancellation_details": _DETAILS,
    "items": listed(record(_CHANGED_ITEM)),
    "pause_collection": clearable(record({
        "behavior": choice("keep_as_draft", "mark_uncollectible", "void"),
        "resumes_at": natural,
    }, "behavior")),
}  # fmt: skip
_PAUSE = {
    "bill_for": record({
        "outstanding_usage_through": record({"type": choice("none", "now")}, "type"),
        "unused_time_from": record({
            "type": choice("item_current_period_start", "none", "now"),
        }, "type"),
    }),
    "invoicing_behavior": choice("invoice", "pending_invoice_item"),
    "type": choice("subscription"),
}  # fmt: skip
_RESUME = {
    "billing_cycle_anchor": record({"type": choice("now", "unchanged")}, "type"),
    "payment_behavior": choice("resume_on_payment_attempt", "resume_on_payment_success"),
    "proration_behavior": _PRORATION,
}
_CANCEL = {"cancellation_details": _DETAILS, "invoice_now": boolean, "prorate": boolean}
_OF_ITEM = {"payment_behavior": _PAYMENT, "proration_behavior": _PRORATION}


def _create(books: Books, _: str, values: Json) -> Json:
    _check_methods(books, values)
    values["metadata"] = form.merged({}, values.get("metadata", {}))
    return subscribing.create(books, values)


def _update(books: Books, identity: str, values: Json) -> Json:
    _check_methods(books, values)
    pause = values.get("pause_collection")
    if pause:
        values["pause_collection"] = {"resumes_at": None} | pause
    return changing.update(books, books.get("subscription", identity), values)


def _check_methods(books: Books, values: Json) -> None:
    for field, kind in (("default_payment_method", "payment_method"), ("default_source", "card")):
        if values.get(field):
            books.named(kind, values[field], field)


def _cancel(books: Books, identity: str, values: Json) -> Json:
    """Now; unused time is given back, and a last invoice made, only if asked for."""
    subscription = books.get("subscription", identity)
    if subscription["status"] in ending.OVER:
        raise missing("subscription", identity)
    if values.get("prorate") and subscription["status"] in ("active", "past_due"):
        for item in subscription["items"]["data"]:
            proration.credit(books, subscription, item)
    if values.get("invoice_now"):
        switching.bill(books, identity, [])
    elif not values.get("prorate"):
        proration.clear(books, subscription)
    subscription = books.get("subscription", identity)
    details = values.get("cancellation_details", {})
    subscription["cancellation_details"] |= {"reason": "cancellation_requested"} | details
    return ending.end(books, subscription)


def _pause(books: Books, identity: str, values: Json) -> Json:
    return pausing.pause(books, books.get("subscription", identity), values)


def _resume(books: Books, identity: str, values: Json) -> Json:
    return pausing.resume(books, books.get("subscription", identity), values)


def _delete_discount(books: Books, identity: str, _values: Json) -> Json:
    """The last one that was added."""
    subscription = books.get("subscription", identity)
    if not subscription["discounts"]:
        raise StripeError(f"No active discount for subscription: {identity}", status=404)
    *left, last = subscription["discounts"]
    books.update(subscription, discounts=left)
    return books.get("discount", last) | {"deleted": True}


def _create_item(books: Books, _: str, values: Json) -> Json:
    identity = values.pop("subscription")
    subscription = books.named("subscription", identity, "subscription")
    known = {item["id"] for item in subscription["items"]["data"]}
    after = changing.update(books, subscription, _of_item({}, values))
    return next(item for item in after["items"]["data"] if item["id"] not in known)


def _update_item(books: Books, identity: str, values: Json) -> Json:
    after = changing.update(books, _holder(books, identity), _of_item({"id": identity}, values))
    return next(item for item in after["items"]["data"] if item["id"] == identity)


def _delete_item(books: Books, identity: str, values: Json) -> Json:
    subscription = _holder(books, identity)
    item = next(one for one in subscription["items"]["data"] if one["id"] == identity)
    if len(subscription["items"]["data"]) == 1:
        raise StripeError(
            "A subscription must have at least one active item. To cancel it, delete the"
            " subscription."
        )
    changing.update(books, subscription, _of_item({"id": identity, "deleted": True}, values))
    return builders.deleted(item)


def _holder(books: Books, item: str) -> Json:
    holder = books.store.holder(item)
    if holder is None:
        raise missing("subscription_item", item)
    return books.get("subscription", holder)


def _of_item(item: Json, values: Json) -> Json:
    """A request about one item as one about its subscription."""
    about = {name: values.pop(name) for name in _OF_ITEM if name in values}
    values.pop("clear_usage", None)
    return about | {"items": [item | values]}


WRITES = (
    Write("POST", "/v1/subscriptions", _create, _NEW, ("customer", "items")),
    Write("POST", "/v1/subscriptions/{id}", _update, _CHANGED),
    Write("DELETE", "/v1/subscriptions/{id}", _cancel, _CANCEL),
    Write("POST", "/v1/subscriptions/{id}/pause", _pause, _PAUSE),
    Write("POST", "/v1/subscriptions/{id}/resume", _resume, _RESUME),
    Write("DELETE", "/v1/subscriptions/{id}/discount", _delete_discount),
    Write("POST", "/v1/subscription_items", _create_item,
          _ITEM | _OF_ITEM | {"subscription": text}, ("subscription",)),
    Write("POST", "/v1/subscription_items/{id}", _update_item, _ITEM | _OF_ITEM),
    Write("DELETE", "/v1/subscription_items/{id}", _delete_item,
          _OF_ITEM | {"clear_usage": boolean}),
)  # fmt: skip
