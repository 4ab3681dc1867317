"""Invoice items: what waits for the next invoice, prorations among it."""
# ruff: noqa: A002, PLR0913  arguments are named as Stripe names its fields, and are as many

from typing import Any

from sandbox.shapes import Json, fill


def invoice_item(
    *,
    id: str,
    customer: str,
    amount: int,
    currency: str,
    date: int,
    period: tuple[int, int] | None = None,
    price: Json | None = None,
    quantity: int = 1,
    subscription: str | None = None,
    subscription_item: str | None = None,
    **fields: Any,
) -> Json:
    """An invoice item; without a period it is for its `date`."""
    start, end = period or (date, date)
    held = {"subscription": subscription, "subscription_item": subscription_item}
    known = {
        "id": id,
        "customer": customer,
        "amount": amount,
        "net_amount": amount,
        "currency": currency,
        "date": date,
        "period": {"end": end, "start": start},
        "pricing": price and _pricing(price),
        "quantity": quantity,
        "quantity_decimal": str(quantity),
        "parent": subscription and {"subscription_details": held, "type": "subscription_details"},
    }
    return fill("invoiceitem", known, fields)


def _pricing(price: Json) -> Json:
    return {
        "price_details": {"price": price["id"], "product": price["product"]},
        "type": "price_details",
        "unit_amount_decimal": price["unit_amount_decimal"],
    }
