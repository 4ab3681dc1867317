"""The lines of an invoice.

Enters: the few values that matter. Leaves: a line; with `within`, as a certain invoice holds it.
"""
# ruff: noqa: A002, PLR0913  arguments are named as Stripe names its fields, and are as many

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.shapes import Json, fill


def line(
    *,
    amount: int,
    id: str | None = None,
    price: Json | None = None,
    quantity: int | None = 1,
    period_start: int | None = None,
    period_end: int | None = None,
    subscription_item: str | None = None,
    proration: bool = False,
    discount_amounts: Sequence[Json] = (),
    taxes: Sequence[Json] = (),
    **fields: Any,
) -> Json:
    """A line before discounts and tax; `invoice()` fills in ids, currency and times not said.

    `discount_amounts` is `[{"amount": 1000, "discount": discount(...)}]` and takes from the
    total; `taxes` comes from `tax(...)`. With a subscription item it is a subscription's line.
    """
    amounts = [one | {"discount": named(one["discount"])} for one in discount_amounts]
    known = {
        "id": id,
        "amount": amount,
        "subtotal": amount,
        "currency": price["currency"] if price else None,
        "quantity": quantity,
        "quantity_decimal": None if quantity is None else str(quantity),
        "period": {"end": period_end, "start": period_start},
        "pricing": price and _pricing(price),
        "parent": _item_parent(subscription_item, proration),
        "discount_amounts": amounts,
        "discounts": [one["discount"] for one in discount_amounts],
        "pretax_credit_amounts": [pretax(one) for one in amounts],
        "taxes": list(taxes),
    }
    return fill("line_item", known, fields)


def tax(*, amount: int, taxable_amount: int, behavior: str = "exclusive", rate: str) -> Json:
    """A line's tax at the tax rate `rate`; an exclusive one adds to the total."""
    return {
        "amount": amount,
        "tax_behavior": behavior,
        "tax_rate_details": {"tax_rate": rate},
        "taxability_reason": "standard_rated",
        "taxable_amount": taxable_amount,
        "type": "tax_rate_details",
    }


@dataclass(frozen=True)
class Holder:
    """What a line takes from its invoice."""

    invoice: str
    subscription: str | None
    currency: str
    start: int
    end: int


def within(one: Json, holder: Holder, index: int) -> Json:
    """The line as its invoice holds it: every id, time and currency that was not said."""
    identity = one["id"] or f"il_{holder.invoice.removeprefix('in_')}_{index}"
    start, end = one["period"]["start"], one["period"]["end"]
    return one | {
        "id": identity,
        "invoice": holder.invoice,
        "subscription": holder.subscription,
        "currency": one["currency"] or holder.currency,
        "period": {
            "end": holder.end if end is None else end,
            "start": holder.start if start is None else start,
        },
        "parent": _parent(one["parent"], holder.subscription, identity),
    }


def _parent(said: Json | None, subscription: str | None, line: str) -> Json:
    """Of a subscription's invoice its first item, else an invoice item of its own."""
    parent = said
    if parent is None and subscription:
        parent = _item_parent(f"si_{subscription.removeprefix('sub_')}_0", False)
    if parent is None:
        return _own_parent(line)
    kind = parent["type"]
    return parent | {kind: parent[kind] | {"subscription": subscription}}


def _item_parent(subscription_item: str | None, proration: bool) -> Json | None:
    if subscription_item is None:
        return None
    return {
        "invoice_item_details": None,
        "subscription_item_details": {
            "invoice_item": None,
            "proration": proration,
            "proration_details": {"credited_items": None} if proration else None,
            "subscription": None,
            "subscription_item": subscription_item,
        },
        "type": "subscription_item_details",
    }


def _own_parent(line_id: str) -> Json:
    return {
        "invoice_item_details": {
            "invoice_item": f"ii_{line_id.removeprefix('il_')}",
            "proration": False,
            "proration_details": None,
            "subscription": None,
        },
        "subscription_item_details": None,
        "type": "invoice_item_details",
    }


def _pricing(price: Json) -> Json:
    return {
        "price_details": {"price": price["id"], "product": named(price["product"])},
        "type": "price_details",
        "unit_amount_decimal": price["unit_amount_decimal"],
    }


def pretax(amount: Json) -> Json:
    return {**amount, "credit_balance_transaction": None, "type": "discount"}


def named(thing: Json | str) -> str:
    """The id of what is given as an object or by id."""
    if isinstance(thing, str):
        return thing
    if not thing["id"]:
        raise ValueError(f"{thing['object']}: give it an id, so that a line can name it")
    return str(thing["id"])
