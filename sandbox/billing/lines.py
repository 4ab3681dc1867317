"""The lines of a subscription's invoice, with discounts and tax.

Enters: items, their periods, pending invoice items. Leaves: lines as the builders make them, and
the discounts that were used up. Amounts are `pricing`'s.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sandbox import builders, pricing
from sandbox.books import Books
from sandbox.shapes import Json

TAX_RATE, TAX_PERCENT = "txr_eu_standard", 20


@dataclass(frozen=True)
class Charge:
    """One item for one period; a trial costs nothing."""

    item: Json
    start: int
    end: int
    free: bool = False


def charged(books: Books, charge: Charge) -> Json:
    """A line for a period of an item; metered items are charged for what was used: nothing is."""
    item = charge.item
    price = books.get("price", item["price"]["id"])
    metered = price["recurring"]["usage_type"] == "metered"
    quantity = 0 if metered else quantity_of(item)
    name = price["nickname"] or price["id"]
    return builders.line(
        amount=0 if charge.free else pricing.amount(price, quantity),
        price=price,
        quantity=quantity,
        period_start=charge.start,
        period_end=charge.end,
        subscription_item=item["id"],
        description=f"Trial period for {name}" if charge.free else f"{quantity} × {name}",
    )


def quantity_of(item: Json) -> int:
    """Nothing said is one."""
    quantity = item.get("quantity")
    return 1 if quantity is None else int(quantity)


def of_invoice_item(pending: Json) -> Json:
    """The line that an invoice item becomes."""
    line = builders.line(
        amount=pending["amount"],
        quantity=pending["quantity"],
        period_start=pending["period"]["start"],
        period_end=pending["period"]["end"],
        description=pending["description"],
        discountable=pending["discountable"],
        currency=pending["currency"],
        metadata=dict(pending["metadata"]),
        pricing=pending["pricing"],
    )
    return line | {"parent": _parent(pending)}


def _parent(pending: Json) -> Json:
    proration = pending["proration"]
    detail = {
        "invoice_item": pending["id"],
        "proration": proration,
        "proration_details": {"credited_items": None} if proration else None,
        "subscription": None,
    }
    held = (pending["parent"] or {}).get("subscription_details")
    if held and held["subscription_item"]:
        detail["subscription_item"] = held["subscription_item"]
        kind, other = "subscription_item_details", "invoice_item_details"
    else:
        kind, other = "invoice_item_details", "subscription_item_details"
    return {kind: detail, other: None, "type": kind}


def discount(books: Books, lines: Sequence[Json], discounts: Sequence[str]) -> list[str]:
    """Take discounts off lines, in order; those for one use that were used are returned."""
    used = []
    for held in (books.get("discount", one) for one in discounts):
        if held["end"] is not None and held["end"] <= books.now:
            continue
        coupon = books.last("coupon", held["source"]["coupon"])
        if _take(lines, held, coupon) and coupon["duration"] == "once":
            used.append(held["id"])
    return used


def tax(lines: Sequence[Json]) -> None:
    """One rate for all, on top of the price."""
    for line in lines:
        base = line["amount"] - sum(one["amount"] for one in line["discount_amounts"])
        due = pricing.prorated(base, TAX_PERCENT, 100)
        line["taxes"] = [builders.tax(amount=due, taxable_amount=base, rate=TAX_RATE)]


def _take(lines: Sequence[Json], held: Json, coupon: Json) -> bool:
    eligible = [line for line in lines if line["discountable"] and _covers(coupon, line)]
    left = [
        line["amount"] - sum(d["amount"] for d in line["discount_amounts"]) for line in eligible
    ]
    if sum(left) <= 0 or coupon["currency"] not in (None, eligible[0]["currency"]):
        return False
    for line, cut in zip(eligible, pricing.taken(coupon, left), strict=True):
        amount = {"amount": cut, "discount": held["id"]}
        line["discount_amounts"].append(amount)
        line["discounts"].append(held["id"])
        line["pretax_credit_amounts"].append(builders.pretax(amount))
    return True


def _covers(coupon: Json, line: Json) -> bool:
    products = (coupon.get("applies_to") or {}).get("products")
    pricing_of = line["pricing"]
    return products is None or bool(
        pricing_of and pricing_of["price_details"]["product"] in products
    )
