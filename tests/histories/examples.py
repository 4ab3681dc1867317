"""The worked examples of the contract as data, named by their ids: objects in, traits out.

`single` and `multi` hold what the two trait tables must say, `sent` what goes to the account
store in single mode. All of them are one population, built once at 2025-06-15T00:00Z.
"""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from examples_objects import (
    at,
    customer,
    given,
    moment,
    off,
    paid,
    percent,
    price,
    simple,
    subscription,
)

from sandbox import builders

Json = dict[str, Any]
Values = dict[str, Any]


@dataclass(frozen=True)
class Example:
    """One account; expected decimals are given as text."""

    id: str
    objects: list[Json]
    single: Values = field(default_factory=dict)
    multi: Values = field(default_factory=dict)
    sent: Values = field(default_factory=dict)


def amounts(amt: str | None, n: str | None, **values: Any) -> Values:
    """`amt` and `n` as the contract abbreviates them."""
    return {"subscription_amount": amt, "mrr_normalized": n, **values}


def tiered(account: str, mode: str, tiers: list[Json], quantity: int) -> list[Json]:
    sold = price(account, tiers=tiers, tiers_mode=mode)
    return [customer(account), sold, subscription(account, [(sold, quantity)])]


def discounted(account: str, unit_amount: int, *coupons: Json, **fields: Any) -> list[Json]:
    return [
        *coupons,
        *simple(account, unit_amount, discounts=[given(one) for one in coupons], **fields),
    ]


def prices_and_intervals() -> list[Example]:
    year, month = price("F10", 120000, "_year", interval="year"), price("F10", 3000, "_month")
    first, second = price("F09", 5000, "_first"), price("F09", 1000, "_second")
    tens = {"divide_by": 10, "round": "up"}
    return [
        Example(
            "F01",
            [*simple("F01", 5000), paid("F01", 5000)],
            amounts("50.00", "50.00", mrr="50.00", current_subscription_status="active"),
            {"subscription_paying_count": 1, "all_mrr_normalized": "50.00"},
            {"stripe.mrr": 50, "stripe.mrrNormalized": 50, "stripe.allMrr": None},
        ),
        Example(
            "F02",
            [*simple("F02", 60000, interval="year"), paid("F02", 60000)],
            amounts("600.00", "50.00", mrr="600.00", subscription_interval="year"),
        ),
        Example("F04", simple("F04", 1000, interval="week"), amounts("10.00", "43.33")),
        Example("F06", simple("F06", 100, interval="day"), amounts("1.00", "30.42")),
        Example(
            "F09",
            [customer("F09"), first, second, subscription("F09", [first, (second, 3)])],
            amounts("80.00", "80.00", plan_amounts=["50.00", "10.00"]),
        ),
        Example(
            "F10",
            [
                customer("F10"),
                year,
                month,
                subscription("F10", [year, month], ends=("2026-02-01", "2025-07-01")),
            ],
            amounts(
                "1230.00",
                "130.00",
                current_period_end=moment("2025-07-01"),
                subscription_interval="month",
            ),
            sent={"stripe.currentPeriodEnd": "2025-07-01T00:00:00Z"},
        ),
        Example(
            "F15",
            tiered(
                "F15",
                "graduated",
                [
                    builders.tier(up_to=5, unit_amount=1000),
                    builders.tier(up_to=None, unit_amount=800),
                ],
                8,
            ),
            amounts("74.00", "74.00", plan_amounts=[None]),
            sent={"stripe.planAmounts": [None]},
        ),
        Example("F18", simple("F18", 500, 23, transform_quantity=tens), amounts("15.00", "15.00")),
        Example(
            "F18-down",
            simple("F18-down", 500, 23, transform_quantity=tens | {"round": "down"}),
            amounts("10.00", "10.00"),
        ),
        Example(
            "F19",
            [*simple("F19", 2, usage_type="metered"), paid("F19", 13740)],
            amounts("0.00", "0.00", mrr="137.40"),
            {"subscription_paying_count": 1, "all_mrr": "137.40", "all_mrr_normalized": "0.00"},
        ),
    ]


def statuses() -> list[Example]:
    trial = {"trial_start": at("2025-06-01"), "trial_end": at("2025-06-29")}
    canceled = {"status": "canceled", "canceled_at": at("2025-06-10")}
    return [
        Example(
            "F21",
            [*simple("F21", 5000, status="trialing", **trial), paid("F21", 0)],
            amounts(
                "50.00",
                "0.00",
                current_subscription_status="trialing",
                last_invoice_amount="0.00",
                mrr="50.00",
                trial_end=moment("2025-06-29"),
            ),
            {"subscription_trialing_count": 1, "subscription_paying_count": 0},
        ),
        Example(
            "F22",
            simple("F22", 5000, status="past_due"),
            amounts("50.00", "50.00", current_subscription_status="active", status="past_due"),
            {"subscription_paying_count": 1},
        ),
        Example(
            "F27",
            [*simple("F27", 5000, **canceled), paid("F27", 5000)],
            amounts(
                "50.00",
                "0.00",
                mrr=None,
                current_subscription_status="canceled",
                status="canceled",
                canceled_at=moment("2025-06-10"),
                cancel_at_period_end=False,
            ),
            {"subscription_paying_count": 0, "subscription_trialing_count": 0},
            {"stripe.mrr": None},
        ),
        Example(
            "F29",
            simple("F29", 5000, cancel_at=at("2025-07-01"), flexible=True),
            amounts("50.00", "50.00", cancel_at_period_end=True),
        ),
        Example(
            "F71",
            [*simple("F71", 5000), paid("F71", 5000), builders.deleted(customer("F71"))],
            amounts(
                "50.00",
                "0.00",
                current_subscription_status="canceled",
                mrr=None,
                customer_id="cus_F71",
            ),
            {
                "subscription_paying_count": 0,
                "subscription_trialing_count": 0,
                "subscription_status": ["canceled"],
            },
        ),
        Example("F76", simple("F76", 5000, ends=("2025-06-28",)), amounts("50.00", "50.00")),
    ]


def discounts() -> list[Example]:
    first = price("F45", 5000, "_A", product="prod_F45_A")
    second = price("F45", 3000, "_B", product="prod_F45_B")
    only_second = percent("F45_half", 50, applies_to=["prod_F45_B"])
    return [
        Example(
            "F33",
            discounted("F33", 10000, percent("F33_25", 25)),
            amounts("100.00", "75.00", discount_percent_off="25"),
            sent={"stripe.discountPercentOff": 25},
        ),
        Example(
            "F34",
            discounted("F34", 10000, percent("F34_50", 50, duration="once")),
            amounts("100.00", "100.00", discount_percent_off="50"),
        ),
        Example(
            "F37",
            discounted("F37", 120000, off("F37_120", 12000), interval="year"),
            amounts("1200.00", "90.00", discount_amount_off="120.00"),
        ),
        Example(
            "F39",
            discounted("F39", 10000, percent("F39_20", 20), percent("F39_10", 10)),
            amounts("100.00", "72.00", discount_percent_off="20"),
        ),
        Example(
            "F45",
            [
                customer("F45"),
                first,
                second,
                only_second,
                subscription("F45", [first, second], discounts=[given(only_second)]),
            ],
            amounts("80.00", "65.00"),
        ),
        Example(
            "G09",
            discounted(
                "G09",
                10000,
                off("G09_ten", 1000, currency="usd", currency_options={"eur": {"amount_off": 900}}),
                currency="eur",
            ),
            amounts("100.00", "91.00", discount_amount_off="9.00"),
        ),
        Example(
            "G14",
            discounted("G14", 5000, percent("G14_20", 20, applies_to=["prod_G14_A"])),
            amounts("50.00", "50.00", discount_percent_off="20"),
        ),
        Example(
            "G10",
            discounted(
                "G10", 99_999_999, percent("G10_third", 33.33), quantity=10**6, interval="day"
            ),
            amounts("999999990000.00", None, discount_percent_off="33.33"),
        ),
    ]


def currencies() -> list[Example]:
    dollars, euros = price("F54", 5000, "_usd"), price("F54", 4000, "_eur", currency="eur")
    return [
        Example(
            "F51",
            simple("F51", 5000, currency="jpy"),
            amounts("5000", "5000", currency="jpy"),
            {"all_mrr_normalized": "5000"},
        ),
        Example(
            "F54",
            [
                customer("F54"),
                dollars,
                euros,
                subscription("F54", [dollars], suffix="_usd"),
                subscription("F54", [euros], suffix="_eur"),
            ],
            multi={
                "all_mrr_normalized": None,
                "mrr_by_currency": {"eur": "40.00", "usd": "50.00"},
                "subscription_paying_count": 2,
            },
        ),
        Example(
            "F70", [customer("F70", balance=-2550, currency="usd")], {"account_balance": "-25.50"}
        ),
        Example(
            "F70-jpy",
            [customer("F70-jpy", balance=2550, currency="jpy")],
            {"account_balance": "2550", "current_subscription_status": None, "mrr": None},
            {"subscription_ids": [], "subscription_paying_count": 0, "last_invoice_amounts": []},
        ),
    ]


def accounts() -> list[Example]:
    yearly = [price("F55", 10000, f"_{n}", interval="year") for n in range(3)]
    shared = price("F72", 5000, "_A"), price("F72", 3000, "_B")
    card = builders.payment_method(id="pm_F66", customer="cus_F66", exp_month=8, exp_year=2030)
    return [
        Example(
            "F55",
            [
                customer("F55"),
                *yearly,
                *(subscription("F55", [one], suffix=f"_{n}") for n, one in enumerate(yearly)),
            ],
            multi={"all_mrr_normalized": "25.00", "subscription_amounts_total": "300.00"},
        ),
        Example("F62", *_three_subscriptions()),
        Example("F63", *_active_among_newer()),
        Example(
            "F66",
            [customer("F66", default_payment_method="pm_F66"), card],
            {"card_expiration": date(2030, 8, 31)},
            sent={"stripe.cardExpiration": "2030-08-31"},
        ),
        Example(
            "F72",
            [
                customer("F72", "_A"),
                customer("F72", "_B"),
                *shared,
                subscription("F72", [shared[0]], suffix="_A", owner="_A"),
                subscription("F72", [shared[1]], suffix="_B", owner="_B"),
            ],
            multi={"all_mrr_normalized": "80.00", "subscription_ids": ["sub_F72_A", "sub_F72_B"]},
        ),
        Example(
            "F73",
            [customer("F73", metadata={"plan-x": "gold", "plan_x": "silver"})],
            {"metadata": {"account_id": "F73", "plan-x": "gold", "plan_x": "silver"}},
            sent={"stripe.metadata.plan-x": "gold", "stripe.metadata.plan_x": "silver"},
        ),
    ]


def _three_subscriptions() -> tuple[list[Json], Values, Values]:
    made = {"A": (5000, "active"), "B": (2000, "trialing"), "C": (3000, "canceled")}
    objects = [customer("F62"), paid("F62", 5000, "_A"), paid("F62", 3000, "_C")]
    for day, (name, (unit_amount, status)) in enumerate(made.items(), start=1):
        sold = price("F62", unit_amount, f"_{name}")
        created = at(f"2025-01-0{day}")
        objects += [
            sold,
            subscription("F62", [sold], suffix=f"_{name}", status=status, created=created),
        ]
    expected = {
        "subscription_ids": ["sub_F62_A", "sub_F62_B", "sub_F62_C"],
        "subscription_status": ["active", "trialing", "canceled"],
        "subscription_paying_count": 1,
        "subscription_trialing_count": 1,
        "subscription_amounts_total": "70.00",
        "last_invoice_ids": ["in_F62_A", "in_F62_C"],
        "last_invoice_amounts": ["50.00", "30.00"],
        "all_mrr": "50.00",
    }
    return objects, {}, expected


def _active_among_newer() -> tuple[list[Json], Values]:
    made = {"canceled": "2025-05-01", "active": "2024-01-01", "trialing": "2025-04-01"}
    sold = price("F63", 5000)
    objects = [
        subscription("F63", [sold], suffix=f"_{status}", status=status, created=at(day))
        for status, day in made.items()
    ]
    return [customer("F63"), sold, *objects], {"subscription_id": "sub_F63_active"}


EXAMPLES = [
    *prices_and_intervals(),
    *statuses(),
    *discounts(),
    *currencies(),
    *accounts(),
]
POPULATION = [one for example in EXAMPLES for one in example.objects]
