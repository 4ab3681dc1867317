"""Subscriptions and their items.

Enters: the few values that matter; prices as complete objects, since an item carries its price.
Leaves: complete objects in the pinned shape, with every element of their lists and their
discounts as objects: cutting lists and naming by id is done when they are served.
"""
# ruff: noqa: A002, PLR0913  arguments are named as Stripe names its fields, and are as many

from collections.abc import Sequence
from typing import Any

from sandbox import periods
from sandbox.builders.catalogue import CREATED, carried, plan
from sandbox.shapes import Json, fill


def item(
    *,
    price: Json,
    id: str | None = None,
    quantity: int | None = 1,
    current_period_start: int | None = None,
    current_period_end: int | None = None,
    discounts: Sequence[Json] = (),
    created: int | None = None,
    **fields: Any,
) -> Json:
    """A subscription item; `subscription()` fills in its own id, times not said, and `id`.

    A metered price has no `quantity` in Stripe; here neither.
    """
    known = {
        "id": id,
        "price": {k: v for k, v in price.items() if k not in ("tiers", "currency_options")},
        "plan": {k: v for k, v in plan(price).items() if k != "tiers"},
        "quantity": quantity,
        "current_period_start": current_period_start,
        "current_period_end": current_period_end,
        "discounts": list(discounts),
        "created": created,
    }
    result = fill("subscription_item", known, fields)
    if price["recurring"]["usage_type"] == "metered":
        del result["quantity"]
    return result


def subscription(
    *,
    id: str,
    customer: str,
    items: Sequence[Json],
    status: str = "active",
    discounts: Sequence[Json] = (),
    cancel_at_period_end: bool = False,
    cancel_at: int | None = None,
    canceled_at: int | None = None,
    ended_at: int | None = None,
    trial_start: int | None = None,
    trial_end: int | None = None,
    pause_collection: Json | str | None = None,
    default_payment_method: str | None = None,
    default_source: str | None = None,
    latest_invoice: str | None = None,
    flexible: bool = False,
    created: int = CREATED,
    **fields: Any,
) -> Json:
    """A subscription in any state; `pause_collection="void"` is short for its object.

    What Stripe derives is derived where it is not said: `currency`, `start_date`, the billing
    anchor, item periods, `canceled_at`/`ended_at` of a canceled one, `status_details` of a paused.
    """
    ended = status == "canceled"
    complete = [_complete(part, id, created, index) for index, part in enumerate(items)]
    if isinstance(pause_collection, str):
        pause_collection = {"behavior": pause_collection, "resumes_at": None}
    if cancel_at_period_end and cancel_at is None:
        cancel_at = max(part["current_period_end"] for part in complete)
        canceled_at = canceled_at or created
    known = {
        "id": id,
        "customer": customer,
        "status": status,
        "currency": items[0]["price"]["currency"] if items else "usd",
        "discounts": carried(discounts, id, subscription=id, customer=customer),
        "cancel_at_period_end": cancel_at_period_end,
        "cancel_at": cancel_at,
        "canceled_at": canceled_at if canceled_at or not ended else ended_at or created,
        "ended_at": ended_at if ended_at or not ended else canceled_at or created,
        "trial_start": trial_start if trial_start or not trial_end else created,
        "trial_end": trial_end,
        "pause_collection": pause_collection,
        "default_payment_method": default_payment_method,
        "default_source": default_source,
        "latest_invoice": latest_invoice,
        "created": created,
        "start_date": created,
        "billing_cycle_anchor": trial_end or created,
        "items": _list(f"/v1/subscription_items?subscription={id}", complete),
        "status_details": _paused(complete) if status == "paused" else None,
    }
    result = fill("subscription", known, fields)
    if flexible:
        result["billing_mode"] = {
            "flexible": {"proration_discounts": "included"},
            "type": "flexible",
        }
    return result


def _complete(part: Json, subscription: str, created: int, index: int) -> Json:
    recurring = part["price"]["recurring"]
    created = created if part["created"] is None else part["created"]
    start = created if part["current_period_start"] is None else part["current_period_start"]
    end = part["current_period_end"]
    identity = part["id"] or f"si_{subscription.removeprefix('sub_')}_{index}"
    return part | {
        "id": identity,
        "subscription": subscription,
        "created": created,
        "current_period_start": start,
        "current_period_end": end
        or periods.step(start, recurring["interval"], recurring["interval_count"]),
        "discounts": carried(
            part["discounts"],
            identity,
            subscription=subscription,
            subscription_item=identity,
        ),
    }


def _paused(items: Sequence[Json]) -> Json:
    return {
        "paused": {
            "subscription": {"type": "pause_requested"},
            "transitioned_at": max((part["current_period_start"] for part in items), default=0),
            "type": "subscription",
        }
    }


def _list(url: str, data: Sequence[Json]) -> Json:
    return {"object": "list", "data": list(data), "has_more": False, "url": url}
