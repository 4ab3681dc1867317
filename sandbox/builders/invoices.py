"""Invoices and their lines.

Enters: the few values that matter. Leaves: complete objects in the pinned shape whose amounts
agree with each other. When an invoice is made, and over what period, is the caller's concern.
"""
# ruff: noqa: A002, PLR0913  arguments are named as Stripe names its fields, and are as many

from collections.abc import Sequence
from typing import Any

from sandbox.builders.catalogue import CREATED
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
    amounts = [one | {"discount": _id(one["discount"])} for one in discount_amounts]
    known = {
        "id": id,
        "amount": amount,
        "subtotal": amount,
        "currency": price["currency"] if price else None,
        "quantity": quantity,
        "quantity_decimal": None if quantity is None else str(quantity),
        "period": {"end": period_end, "start": period_start},
        "pricing": price and _pricing(price),
        "parent": _line_parent(subscription_item, proration),
        "discount_amounts": amounts,
        "discounts": [one["discount"] for one in discount_amounts],
        "pretax_credit_amounts": [_pretax(one) for one in amounts],
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


def invoice(
    *,
    id: str,
    customer: str,
    subscription: str | None = None,
    status: str = "paid",
    total: int | None = None,
    lines: Sequence[Json] | None = None,
    currency: str = "usd",
    created: int = CREATED,
    finalized_at: int | None = None,
    paid_at: int | None = None,
    voided_at: int | None = None,
    marked_uncollectible_at: int | None = None,
    period_start: int | None = None,
    period_end: int | None = None,
    discounts: Sequence[Json | str] = (),
    starting_balance: int = 0,
    **fields: Any,
) -> Json:
    """An invoice in any status; `total` without `lines` gets one line of that amount.

    With lines, subtotal, discounts, tax and total are their sums. `starting_balance` is the
    customer's (negative = credit, which is used up before anything is due).
    """
    given = lines if lines is not None else [line(amount=total or 0)]
    period = (created if period_start is None else period_start, period_end or created)
    shape = _Context(id, subscription, currency, *period)
    complete = [_complete(one, shape, index) for index, one in enumerate(given)]
    known: Json = {
        "id": id,
        "customer": customer,
        "status": status,
        "currency": currency,
        "created": created,
        "period_start": period[0],
        "period_end": period[1],
        "discounts": list(discounts) or _distinct(complete),
        "starting_balance": starting_balance,
        "parent": subscription and _parent(subscription),
        "billing_reason": "subscription_cycle" if subscription else "manual",
        "lines": _list(f"/v1/invoices/{id}/lines", complete),
        **_sums(complete, total),
    }
    finalized = finalized_at or created
    times = {
        "finalized_at": None if status == "draft" else finalized,
        "paid_at": (paid_at or finalized) if status == "paid" else paid_at,
        "voided_at": (voided_at or finalized) if status == "void" else voided_at,
        "marked_uncollectible_at": (marked_uncollectible_at or finalized)
        if status == "uncollectible"
        else marked_uncollectible_at,
    }
    known |= _settled(known, times)
    return fill("invoice", known, fields)


class _Context:
    """What a line takes from its invoice."""

    def __init__(
        self,
        invoice: str,
        subscription: str | None,
        currency: str,
        start: int,
        end: int,
    ) -> None:
        self.invoice = invoice
        self.subscription = subscription
        self.currency = currency
        self.period = {"start": start, "end": end}


def _complete(one: Json, shape: _Context, index: int) -> Json:
    period = {k: shape.period[k] if v is None else v for k, v in one["period"].items()}
    identity = one["id"] or f"il_{shape.invoice.removeprefix('in_')}_{index}"
    parent = one["parent"]
    if shape.subscription and parent is None:
        parent = _line_parent(f"si_{shape.subscription.removeprefix('sub_')}_0", False)
    if parent:
        parent[parent["type"]]["subscription"] = shape.subscription
    else:
        parent = _item_parent(identity)
    return one | {
        "id": identity,
        "invoice": shape.invoice,
        "subscription": shape.subscription,
        "currency": one["currency"] or shape.currency,
        "period": period,
        "parent": parent,
    }


def _line_parent(subscription_item: str | None, proration: bool) -> Json | None:
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


def _item_parent(line_id: str) -> Json:
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


def _parent(subscription: str) -> Json:
    return {
        "quote_details": None,
        "subscription_details": {
            "metadata": {},
            "subscription": subscription,
            "subscription_proration_date": None,
        },
        "type": "subscription_details",
    }


def _pricing(price: Json) -> Json:
    return {
        "price_details": {"price": price["id"], "product": _id(price["product"])},
        "type": "price_details",
        "unit_amount_decimal": price["unit_amount_decimal"],
    }


def _pretax(amount: Json) -> Json:
    return {**amount, "credit_balance_transaction": None, "type": "discount"}


def _sums(lines: Sequence[Json], total: int | None) -> Json:
    """Subtotal, discounts, tax, total; a `total` that is said wins."""
    subtotal = sum(one["amount"] for one in lines)
    discounted = [amount for one in lines for amount in one["discount_amounts"]]
    taxes = [tax for one in lines for tax in one["taxes"]]
    by_discount: dict[str, int] = {}
    for one in discounted:
        by_discount[one["discount"]] = by_discount.get(one["discount"], 0) + one["amount"]
    added = sum(tax["amount"] for tax in taxes if tax["tax_behavior"] == "exclusive")
    contained = sum(tax["amount"] for tax in taxes if tax["tax_behavior"] == "inclusive")
    after = subtotal - sum(by_discount.values())
    amounts = [{"amount": v, "discount": k} for k, v in by_discount.items()]
    return {
        "subtotal": subtotal,
        "subtotal_excluding_tax": subtotal - contained,
        "total": after + added if total is None else total,
        "total_excluding_tax": (after if total is None else total - added) - contained,
        "total_discount_amounts": amounts,
        "total_pretax_credit_amounts": [_pretax(one) for one in amounts],
        "total_taxes": taxes,
    }


def _settled(known: Json, times: Json) -> Json:
    """Amounts due and paid, and what a status brings with it."""
    status, balance = known["status"], known["starting_balance"]
    due = max(0, known["total"] + balance) if status != "draft" else max(0, known["total"])
    paid = due if status == "paid" else 0
    final = status != "draft"
    number = known["id"].removeprefix("in_").upper()
    address = f"https://invoice.example.com/i/{known['id']}"
    return {
        "amount_due": due,
        "amount_paid": paid,
        "amount_remaining": due - paid,
        "attempt_count": 1 if status in ("paid", "uncollectible") and due else 0,
        "attempted": status in ("paid", "uncollectible"),
        "auto_advance": status in ("draft", "open"),
        "ending_balance": min(0, known["total"] + balance) if final else None,
        "effective_at": times["finalized_at"],
        "number": number if final else None,
        "hosted_invoice_url": address if final else None,
        "invoice_pdf": f"{address}/pdf" if final else None,
        "status_transitions": times,
        "webhooks_delivered_at": known["created"],
    }


def _distinct(lines: Sequence[Json]) -> list[Json | str]:
    seen = {_id(one): one for part in lines for one in part["discounts"]}
    return list(seen.values())


def _id(thing: Json | str) -> str:
    return thing if isinstance(thing, str) else thing["id"]


def _list(url: str, data: Sequence[Json]) -> Json:
    return {"object": "list", "data": list(data), "has_more": False, "url": url}
