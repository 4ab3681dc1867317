"""Normalised MRR of random subscriptions against fractions computed here, to the last cent.

The reference knows no decimals: what the models round once, half up, it computes exactly.
"""

import random
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from examples_build import RunSettings, create_warehouse
from examples_objects import at, customer, given

from sandbox import builders

PER_YEAR = {"day": 365, "week": 52, "month": 12, "year": 1}
EXPONENTS = {"usd": 2, "jpy": 0, "kwd": 3}
ACCOUNTS = 300
Json = dict[str, Any]


@dataclass(frozen=True)
class Item:
    """What the reference needs of an item: its amount of a year and its billings of a year."""

    id: str
    product: str
    annual: Fraction
    per_year: Fraction


def test_mrr_of_random_subscriptions_is_exact(tmp_path: Any) -> None:
    seed = random.SystemRandom().randrange(10**9)
    chance = random.Random(seed)
    coupons = [_coupon(chance, number) for number in range(40)]
    objects: list[Json] = list(coupons)
    expected = {}
    for number in range(ACCOUNTS):
        made, expected[f"a{number}"] = _account(chance, f"a{number}", coupons)
        objects += made
    warehouse = create_warehouse(tmp_path / "warehouse.duckdb")
    warehouse.land(objects)
    warehouse.build(RunSettings())
    rows = warehouse.records(
        "select account_id, mrr_normalized from marts.single_subscription_traits"
    )
    found = {row["account_id"]: Fraction(row["mrr_normalized"]) for row in rows}
    wrong = {
        name: (found.get(name), value)
        for name, value in expected.items()
        if found.get(name) != value
    }
    assert not wrong, f"seed {seed}"


def _account(chance: random.Random, name: str, coupons: list[Json]) -> tuple[list[Json], Fraction]:
    currency = chance.choice(list(EXPONENTS))
    prices = [_price(chance, f"{name}_{index}", currency) for index in range(chance.randint(1, 4))]
    own = {
        coupon["id"]: coupon for coupon in chance.sample(coupons, chance.choice([0, 0, 1, 2, 3]))
    }
    by_item = [chance.sample(coupons, chance.choice([0, 0, 0, 1])) for _ in prices]
    ended = {identity for identity in own if chance.random() < 0.2}
    pairs = [(price, chance.choice([None, 0, 1, 1, 2, 3, 7, 23, 1000])) for price in prices]
    items = [
        builders.item(price=price, quantity=quantity, discounts=[given(one) for one in mine])
        for (price, quantity), mine in zip(pairs, by_item, strict=True)
    ]
    discounts = [
        given(one, end=at("2025-06-01") if identity in ended else None)
        for identity, one in own.items()
    ]
    sold = builders.subscription(
        id=f"sub_{name}", customer=f"cus_{name}", items=items, discounts=discounts
    )
    counted = [one for identity, one in own.items() if identity not in ended]
    monthly = _monthly([_item(*pair) for pair in pairs], by_item, counted, currency)
    return [customer(name), *prices, sold], _half_up(monthly, EXPONENTS[currency])


def _price(chance: random.Random, name: str, currency: str) -> Json:
    """Of every kind: decimal, tiered, in packages, metered; of every interval."""
    kind = chance.choice(["plain", "plain", "decimal", "graduated", "volume", "package", "metered"])
    # Round amounts end on half cents often, once shared and discounted.
    round_amount = chance.choice([10, 60, 100, 130, 1000, 6000])
    fields: Json = {"unit_amount": chance.choice([chance.randint(1, 99999), round_amount])}
    if kind == "decimal":
        fields = {
            "unit_amount_decimal": f"{chance.randint(0, 99)}.{chance.randint(0, 10**12):012}"[:14]
        }
    if kind in ("graduated", "volume"):
        bounds = [*sorted(chance.sample(range(1, 30), chance.randint(1, 3))), None]
        fields = {"tiers": [_tier(chance, bound) for bound in bounds], "tiers_mode": kind}
    if kind == "package":
        rounding = chance.choice(["up", "down"])
        fields["transform_quantity"] = {"divide_by": chance.randint(2, 12), "round": rounding}
    return builders.price(
        id=f"price_{name}",
        product=f"prod_{chance.randint(0, 3)}",
        currency=currency,
        interval=chance.choice(list(PER_YEAR)),
        interval_count=chance.choice([1, 1, 1, 2, 3, 6, 7]),
        usage_type="metered" if kind == "metered" else "licensed",
        **fields,
    )


def _tier(chance: random.Random, up_to: int | None) -> Json:
    return builders.tier(
        up_to=up_to,
        unit_amount=chance.choice([None, chance.randint(0, 5000)]),
        flat_amount=chance.choice([None, chance.randint(0, 9000)]),
    )


def _coupon(chance: random.Random, number: int) -> Json:
    amount = chance.random() < 0.4
    return builders.coupon(
        id=f"coupon_{number}",
        percent_off=None if amount else chance.choice([10, 33.33, 35, 50, 100, 12.5]),
        amount_off=chance.choice([chance.randint(1, 20000), 90, 200, 990]) if amount else None,
        currency=chance.choice(list(EXPONENTS)) if amount else None,
        duration=chance.choice(["forever", "forever", "forever", "once"]),
        applies_to=chance.choice([None, None, ["prod_0"], ["prod_1", "prod_2"]]),
    )


def _item(price: Json, quantity: int | None) -> Item:
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


def _monthly(
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


def _half_up(minor: Fraction, exponent: int) -> Fraction:
    return Fraction(int(minor + Fraction(1, 2)), 10**exponent)
