"""Normalised MRR of random subscriptions against fractions computed here, to the last cent.

Amounts at the ends of Stripe's ranges are exact, or null by name; they stop no other account.
"""

import random
from fractions import Fraction
from typing import Any

import pytest
from examples_build import RunSettings, create_warehouse
from examples_objects import at, customer, given
from mrr_reference import EXPONENTS, PER_YEAR, half_up, item_of, monthly_amount

from sandbox import builders

ACCOUNTS = 300
Json = dict[str, Any]


@pytest.mark.long
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
    warehouse.refresh(RunSettings())
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
    monthly = monthly_amount([item_of(*pair) for pair in pairs], by_item, counted, currency)
    return [customer(name), *prices, sold], half_up(monthly, EXPONENTS[currency])


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
