"""What Stripe charges for a price and a quantity, and what discounts take off. Pure.

Enters: prices, coupons and lines in the pinned shape. Leaves: minor units, rounded half up once.
"""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from sandbox.shapes import Json


def amount(price: Json, quantity: int) -> int:
    """The charge for one period, by unit, tiers or packages."""
    if price["billing_scheme"] == "tiered":
        return round_half_up(_tiered(price["tiers"], price["tiers_mode"], quantity))
    transform = price["transform_quantity"]
    units = _packages(quantity, transform) if transform else quantity
    if price["unit_amount"] is not None:
        return int(price["unit_amount"]) * units
    return round_half_up(Fraction(price["unit_amount_decimal"]) * units)


def round_half_up(value: Fraction) -> int:
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    return int(exact.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def prorated(charge: int, seconds: int, period: int) -> int:
    """The part of a charge that falls on some seconds of its period."""
    return round_half_up(Fraction(charge * seconds, period)) if seconds else 0


def taken(coupon: Json, amounts: Sequence[int]) -> list[int]:
    """What a coupon takes off each of some amounts; an amount off is shared in proportion."""
    if coupon["percent_off"] is not None:
        percent = Fraction(str(coupon["percent_off"])) / 100
        return [round_half_up(one * percent) for one in amounts]
    whole = sum(amounts)
    cut = min(coupon["amount_off"], whole)
    shares, given, seen = [], 0, 0
    for one in amounts:
        seen += one
        upto = round_half_up(Fraction(cut * seen, whole)) if whole else 0
        shares.append(upto - given)
        given = upto
    return shares


def _packages(quantity: int, transform: Json) -> int:
    divide_by: int = transform["divide_by"]
    down, left = divmod(quantity, divide_by)
    return down + (1 if left and transform["round"] == "up" else 0)


def _tiered(tiers: Sequence[Json], mode: str, quantity: int) -> Fraction:
    if mode == "volume":
        return _tier(next(t for t in tiers if _reaches(t, quantity)), quantity)
    total, below = Fraction(0), 0
    for tier in tiers:
        top = quantity if tier["up_to"] is None else min(quantity, tier["up_to"])
        if top > below or (below == 0 and quantity == 0):
            total += _tier(tier, top - below)
        if _reaches(tier, quantity):
            break
        below = top
    return total


def _reaches(tier: Json, quantity: int) -> bool:
    return tier["up_to"] is None or quantity <= tier["up_to"]


def _tier(tier: Json, units: int) -> Fraction:
    unit, flat = tier["unit_amount_decimal"] or 0, tier["flat_amount_decimal"] or 0
    return Fraction(unit) * units + Fraction(flat)
