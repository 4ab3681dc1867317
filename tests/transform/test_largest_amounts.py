"""Amounts at the ends of Stripe's ranges: exact, or null and told by name; no account stops others.

Expected figures are fractions computed apart from the models.
"""

import os
import random
from fractions import Fraction
from pathlib import Path
from typing import Any

from examples_build import RunSettings, Warehouse, create_warehouse
from examples_objects import customer, given, simple
from mrr_reference import EXPONENTS, PER_YEAR, Item, half_up, item_of, monthly_amount

from sandbox import builders

Json = dict[str, Any]
ACCOUNTS = 400
LIMIT = 10**15  # minor units, of a billing period or a year
AMOUNTS = (0, 1, 99_999_999, 10**12 - 1)
DECIMALS = ("0.000000000001", "99999999.999999999999", "999999999999.999999999999")
QUANTITIES = (None, 0, 1, 7, 10**6, 2**31 - 1, 10**12, 2**63 - 1)
BOUNDS = (1, 10**6, 2**31 - 1, 2**63 - 1)
PERCENTS = (0.01, 33.33, 99.99, 100)


def test_largest_and_smallest_amounts_are_exact_or_told(tmp_path: Path) -> None:
    seed = int(os.environ.get("AMOUNTS_SEED") or 1)
    chance = random.Random(seed)
    coupons = [_coupon(chance, number) for number in range(30)]
    objects = [*coupons, *simple("normal", 5000), *_too_much_together()]
    expected: dict[str, Fraction | None] = {"normal": Fraction(50), "together": None}
    for number in range(ACCOUNTS):
        made, expected[f"a{number}"] = _account(chance, f"a{number}", coupons)
        objects += made
    built = create_warehouse(tmp_path / "warehouse.duckdb")
    built.land(objects)
    built.refresh(RunSettings())
    assert _wrong(_monthly(built), expected) == {}, f"seed {seed}"
    too_large = {name for name, value in expected.items() if value is None}
    assert too_large <= _told(built), f"seed {seed}"
    assert _company(built) == _sums(built)


def _too_much_together() -> list[Json]:
    """Each of the two items can be counted, their sum cannot."""
    prices = [
        builders.price(id=f"price_together_{n}", unit_amount=6 * 10**11, interval="year")
        for n in range(2)
    ]
    items = [builders.item(price=price, quantity=1000) for price in prices]
    sold = builders.subscription(id="sub_together", customer="cus_together", items=items)
    return [customer("together"), *prices, sold]


def _account(
    chance: random.Random, name: str, coupons: list[Json]
) -> tuple[list[Json], Fraction | None]:
    currency = chance.choice(list(EXPONENTS))
    prices = [_price(chance, f"{name}_{index}", currency) for index in range(chance.randint(1, 3))]
    pairs = [(price, chance.choice(QUANTITIES)) for price in prices]
    mine = chance.sample(coupons, chance.choice([0, 0, 1, 2]))
    items = [builders.item(price=price, quantity=quantity) for price, quantity in pairs]
    sold = builders.subscription(
        id=f"sub_{name}",
        customer=f"cus_{name}",
        items=items,
        discounts=[given(one) for one in mine],
    )
    figures = [item_of(*pair) for pair in pairs]
    monthly = monthly_amount(figures, [[] for _ in figures], mine, currency)
    known = all(_fits(one) for one in figures) and monthly * 12 < LIMIT
    return [customer(name), *prices, sold], half_up(monthly, EXPONENTS[currency]) if known else None


def _fits(item: Item) -> bool:
    return item.annual < LIMIT and item.annual / item.per_year < LIMIT


def _price(chance: random.Random, name: str, currency: str) -> Json:
    kind = chance.choice(["plain", "plain", "decimal", "graduated", "volume", "package"])
    fields: Json = {"unit_amount": chance.choice(AMOUNTS)}
    if kind == "decimal":
        fields = {"unit_amount_decimal": chance.choice(DECIMALS)}
    if kind in ("graduated", "volume"):
        bounds = [*sorted(chance.sample(BOUNDS, chance.randint(1, 3))), None]
        fields = {"tiers": [_tier(chance, bound) for bound in bounds], "tiers_mode": kind}
    if kind == "package":
        rounding = chance.choice(["up", "down"])
        divide_by = chance.choice([1, 1000, 2**31 - 1])
        fields["transform_quantity"] = {"divide_by": divide_by, "round": rounding}
    return builders.price(
        id=f"price_{name}",
        product=f"prod_{chance.randint(0, 2)}",
        currency=currency,
        interval=chance.choice(list(PER_YEAR)),
        interval_count=chance.choice([1, 1, 3, 52, 1095]),
        **fields,
    )


def _tier(chance: random.Random, up_to: int | None) -> Json:
    return builders.tier(
        up_to=up_to,
        unit_amount=chance.choice([None, *AMOUNTS]),
        flat_amount=chance.choice([None, *AMOUNTS]),
    )


def _coupon(chance: random.Random, number: int) -> Json:
    amount = chance.random() < 0.5
    return builders.coupon(
        id=f"coupon_{number}",
        percent_off=None if amount else chance.choice(PERCENTS),
        amount_off=chance.choice(AMOUNTS[1:]) if amount else None,
        currency=chance.choice(list(EXPONENTS)) if amount else None,
        applies_to=chance.choice([None, None, ["prod_0"]]),
    )


def _monthly(built: Warehouse) -> dict[str, Fraction | None]:
    query = "select account_id, mrr_normalized from marts.single_subscription_traits"
    return {
        row["account_id"]: None
        if row["mrr_normalized"] is None
        else Fraction(row["mrr_normalized"])
        for row in built.records(query)
    }


def _wrong(found: dict[str, Any], expected: dict[str, Any]) -> dict[str, Any]:
    return {name: (found[name], value) for name, value in expected.items() if found[name] != value}


def _told(built: Warehouse) -> set[str]:
    query = "select account_id from marts.data_quality_issues where issue = 'amount_too_large'"
    return {row["account_id"] for row in built.records(query)}


def _company(built: Warehouse) -> list[Json]:
    return built.records(
        "select currency, closing_mrr as mrr from marts.mrr_movements_by_month"
        " where month = '2025-06-01' order by all"
    )


def _sums(built: Warehouse) -> list[Json]:
    return built.records(
        "select currency, sum(mrr_normalized) as mrr from marts.subscriptions"
        " group by all having sum(mrr_normalized) > 0 order by all"
    )
