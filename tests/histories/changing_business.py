"""A business that changes at random: Stripe objects of two Stripe accounts that share their ids.

Enters: a random generator. Leaves: the objects that a step changed, to be landed by the caller.
Nothing is kept consistent that Stripe would not keep so: rows come late, vanish and come again.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from examples_objects import at, given, off, percent

from sandbox import builders

Json = dict[str, Any]
CUSTOMERS = [f"cus_{number}" for number in range(12)]
ACCOUNTS = ["a", "A", "b", "c", "d", "e", " ", None]
STATUSES = ["active", "active", "active", "past_due", "trialing", "canceled", "unpaid"]
COUPONS = [
    percent("half", 50),
    off("ten", 1000),
    off("euros", 500, currency="eur"),
    percent("once", 25, duration="once"),
]


@dataclass
class Business:
    """`chance` decides everything; `made` counts what was made, so that ids differ."""

    chance: random.Random
    stripe_accounts: tuple[str, ...] = ("acct_1", "acct_2")
    made: int = 0
    landed: set[tuple[str, str]] = field(default_factory=set)

    def step(self) -> Iterator[tuple[str, list[Json]]]:
        """A few changes: the Stripe account and its objects."""
        for _ in range(self.chance.randint(0, 6)):
            change = self.chance.choice(CHANGES)
            yield self.chance.choice(self.stripe_accounts), change(self)

    def begin(self) -> Iterator[tuple[str, list[Json]]]:
        """What is there at the first build: most of everything."""
        for stripe_account in self.stripe_accounts:
            objects = [*COUPONS, *(price(self, n) for n in range(5)), product(self)]
            objects += [customer(self, one) for one in CUSTOMERS[:9]]
            objects += [subscription(self, n, CUSTOMERS[n]) for n in range(9)]
            objects += [invoice(self, n) for n in range(12)]
            yield stripe_account, objects


def price(business: Business, number: int) -> Json:
    chance = business.chance
    currency = chance.choice(["usd", "usd", "usd", "eur"])
    amount = chance.choice([1000, 3333, 5000, 12000])
    interval = chance.choice(["month", "month", "year", "week"])
    name = f"price_{number}"
    return builders.price(
        id=name, unit_amount=amount, currency=currency, interval=interval, product="prod_1"
    )


def product(business: Business) -> Json:
    return builders.product(id="prod_1", name=f"Product {business.chance.randint(1, 9)}")


def customer(business: Business, identity: str) -> Json:
    chance = business.chance
    account = chance.choice(ACCOUNTS)
    return builders.customer(
        id=identity,
        name=f"Name {chance.randint(1, 99)}",
        metadata={} if account is None else {"account_id": account},
        balance=chance.choice([0, -500]),
        default_payment_method=chance.choice([None, "pm_1", "pm_2"]),
        discount=chance.choice([None, None, discount(business)]),
    )


def discount(business: Business) -> Json:
    """Some end within the days that the test lets pass; one coupon is never read."""
    coupon = business.chance.choice([*COUPONS, percent("unread", 10)])
    end = business.chance.choice([None, None, at("2025-06-16"), at("2025-06-18T12:00:00")])
    made = given(coupon, end=end)
    if business.chance.random() < 0.3:
        made["source"] = {"type": "coupon", "coupon": coupon}
    return made


def subscription(business: Business, number: int, owner: str) -> Json:
    chance = business.chance
    status = chance.choice(STATUSES)
    pause = {"behavior": "void", "resumes_at": chance.choice([None, at("2025-06-17")])}
    items = [
        builders.item(
            price=builders.price(id=f"price_{chance.randint(0, 6)}", unit_amount=1),
            quantity=chance.choice([1, 1, 2, 0]),
            current_period_start=at("2025-06-01"),
            current_period_end=at("2025-07-01"),
            discounts=chance.choice([(), (), (discount(business),)]),
        )
        for _ in range(chance.randint(1, 2))
    ]
    return builders.subscription(
        id=f"sub_{number}",
        customer=owner,
        items=items,
        status=status,
        currency=chance.choice(["usd", "usd", "eur"]),
        canceled_at=at("2025-06-10") if status == "canceled" else None,
        ended_at=at("2025-06-10") if status == "canceled" else None,
        pause_collection=chance.choice([None, None, pause]),
        default_payment_method=chance.choice([None, "pm_1", "pm_3"]),
        discounts=chance.choice([(), (), (discount(business),)]),
        created=at(f"2025-01-{number % 28 + 1:02}"),
    )


def invoice(business: Business, number: int) -> Json:
    """Of a subscription of the beginning, for one of the months before."""
    chance = business.chance
    month, owner = chance.randint(1, 5), number % 9
    start, end = at(f"2025-{month:02}-05"), at(f"2025-{month + 1:02}-05")
    sold = builders.price(id=f"price_{chance.randint(0, 4)}", unit_amount=1)
    line = builders.line(
        amount=chance.choice([1000, 5000]),
        price=sold,
        subscription_item=f"si_{owner}_0",
        period_start=start,
        period_end=end,
    )
    return builders.invoice(
        id=f"in_{number}",
        customer=CUSTOMERS[owner],
        subscription=f"sub_{owner}",
        created=start,
        total=line["amount"],
        lines=[line],
        status=chance.choice(["paid", "paid", "paid", "open"]),
    )


def _any_customer(business: Business) -> list[Json]:
    return [customer(business, business.chance.choice(CUSTOMERS))]


def _gone_customer(business: Business) -> list[Json]:
    return [builders.deleted(builders.customer(id=business.chance.choice(CUSTOMERS)))]


def _old_subscription(business: Business) -> list[Json]:
    number = business.chance.randint(0, 8)
    return [subscription(business, number, CUSTOMERS[number])]


def _new_subscription(business: Business) -> list[Json]:
    business.made += 1
    return [subscription(business, 20 + business.made, business.chance.choice(CUSTOMERS))]


def _any_price(business: Business) -> list[Json]:
    return [price(business, business.chance.randint(0, 6))]


def _any_product(business: Business) -> list[Json]:
    return [product(business)]


def _any_coupon(business: Business) -> list[Json]:
    return [percent("half", business.chance.choice([20, 50])), percent("ten", 5)]


def _any_invoice(business: Business) -> list[Json]:
    return [invoice(business, business.chance.randint(0, 30))]


def _gone_invoice(business: Business) -> list[Json]:
    number = business.chance.randint(0, 11)
    return [builders.deleted(builders.invoice(id=f"in_{number}", customer=CUSTOMERS[0], total=1))]


def _any_payment_method(business: Business) -> list[Json]:
    name = business.chance.choice(["pm_1", "pm_2", "pm_3"])
    month = business.chance.randint(1, 12)
    return [builders.payment_method(id=name, customer=CUSTOMERS[0], exp_month=month, exp_year=2030)]


CHANGES = [
    *(_any_customer, _any_customer, _gone_customer),
    *(_old_subscription, _old_subscription, _new_subscription),
    *(_any_price, _any_product, _any_coupon),
    *(_any_invoice, _gone_invoice, _any_payment_method),
]
