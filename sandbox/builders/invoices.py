"""Invoices, whose lines come from `lines`.

Enters: the few values that matter. Leaves: complete objects in the pinned shape whose amounts
agree with each other. When an invoice is made, and over what period, is the caller's concern.
"""
# ruff: noqa: A002, PLR0913  arguments are named as Stripe names its fields, and are as many

from collections.abc import Sequence
from typing import Any

from sandbox.builders.catalogue import CREATED
from sandbox.builders.lines import Holder, line, named, pretax, within
from sandbox.shapes import Json, fill


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
    holder = Holder(id, subscription, currency, *period)
    complete = [within(one, holder, index) for index, one in enumerate(given)]
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
        "total_pretax_credit_amounts": [pretax(one) for one in amounts],
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
    seen = {named(one): one for part in lines for one in part["discounts"]}
    return list(seen.values())


def _list(url: str, data: Sequence[Json]) -> Json:
    return {"object": "list", "data": list(data), "has_more": False, "url": url}
