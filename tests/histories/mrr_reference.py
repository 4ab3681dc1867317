"""Normalised MRR in fractions: what the models must come to, to the last cent.

Enters: Stripe objects. Leaves: exact fractions, rounded once, half up. It knows no decimals, and
shares nothing with the models.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

PER_YEAR = {"day": 365, "week": 52, "month": 12, "year": 1}
EXPONENTS = {"usd": 2, "jpy": 0, "kwd": 3}
Json = dict[str, Any]


@dataclass(frozen=True)
class Item:
    """What an item comes to in a year, and how often it is billed in one."""

    id: str
    product: str
    annual: Fraction
    per_year: Fraction


def item_of(price: Json, quantity: int | None) -> Item:
    recurring = price["recurring"]
    per_year = Fraction(PER_YEAR[recurring["interval"]], recurring["interval_count"])
    amount = _amount(price, 1 if quantity is None else quantity)
    if recurring["usage_type"] == "metered":
        amount = Fraction(0)
    return Item(price["id"], price["product"], amount * per_year, per_year)


def _amount(price: Json, quantity: int) -> Fraction:
    if price["billing_scheme"] == "tiered":
        return _tiered(price, quantity) if quantity else Fraction(0)
    package = price["transform_quantity"]
    if package:
        extra = package["divide_by"] - 1 if package["round"] == "up" else 0
        quantity = (quantity + extra) // package["divide_by"]
    return Fraction(price["unit_amount_decimal"]) * quantity


def _tiered(price: Json, quantity: int) -> Fraction:
    total, below = Fraction(0), 0
    for tier in price["tiers"]:
        last = tier["up_to"] is None or quantity <= tier["up_to"]
        reach = quantity if last else tier["up_to"]
        unit, flat = tier["unit_amount"] or 0, tier["flat_amount"] or 0
        if price["tiers_mode"] == "graduated":
            total += unit * (reach - below) + flat
        elif last:
            total = Fraction(unit * quantity + flat)
        if last:
            break
        below = tier["up_to"]
    return total


def monthly_amount(
    items: list[Item], by_item: list[list[Json]], own: list[Json], currency: str
) -> Fraction:
    running = {item.id: item.annual for item in items}
    for item, discounts in zip(items, by_item, strict=True):
        for coupon in discounts:
            _discount(running, [item], coupon, currency)
    for coupon in own:
        _discount(running, items, coupon, currency)
    return sum(running.values(), Fraction(0)) / 12


def _discount(running: dict[str, Fraction], items: list[Item], coupon: Json, currency: str) -> None:
    products = coupon.get("applies_to", {}).get("products")
    reached = [one for one in items if products is None or one.product in products]
    if coupon["duration"] != "forever":
        return
    if coupon["percent_off"] is not None:
        for one in reached:
            running[one.id] *= 1 - Fraction(str(coupon["percent_off"])) / 100
        return
    total = sum((running[one.id] for one in reached), Fraction(0))
    if coupon["currency"] != currency or not total:
        return
    often = max(one.per_year for one in reached if running[one.id] > 0)
    left = max(Fraction(0), total - coupon["amount_off"] * often) / total
    for one in reached:
        running[one.id] *= left


def half_up(minor: Fraction, exponent: int) -> Fraction:
    return Fraction(int(minor + Fraction(1, 2)), 10**exponent)
