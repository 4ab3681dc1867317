"""Three months of a business, account by account: what is landed before each build.

Enters: nothing. Leaves: Stripe objects by step of the story. Expectations stand in the test.
"""

from collections.abc import Sequence
from typing import Any

from examples_objects import at, customer, given, percent, price, simple, subscription

from sandbox import builders

Json = dict[str, Any]
JANUARY = ("2025-01-01", 6000)


def canceled(account: str, day: str, suffix: str = "", **fields: Any) -> Json:
    """The account's subscription, ended on that day."""
    sold = price(account, 1, suffix)
    ended = {"status": "canceled", "canceled_at": at(day), "ended_at": at(day)}
    return subscription(account, [sold], suffix=suffix, **ended, **fields)


def billed(account: str, *lines: Json, name: str = "", day: str, **fields: Any) -> Json:
    """A paid invoice of the account's subscription."""
    return builders.invoice(
        id=f"in_{account}_{name or day}",
        customer=f"cus_{account}",
        subscription=fields.pop("subscription", f"sub_{account}"),
        created=at(day),
        total=sum(one["amount"] for one in lines),
        lines=list(lines),
        **fields,
    )


def line(account: str, amount: int, start: str, end: str, **fields: Any) -> Json:
    """Of the first item, for a period."""
    return builders.line(
        amount=amount,
        price=fields.pop("sold", price(account, amount)),
        subscription_item=fields.pop("item", f"si_{account}_0"),
        period_start=at(start),
        period_end=at(end),
        **fields,
    )


def monthly(account: str, *amounts: tuple[str, int]) -> list[Json]:
    """One invoice for each month that is named by its first day."""
    return [
        billed(account, line(account, amount, day, _next(day)), day=day) for day, amount in amounts
    ]


def _next(day: str) -> str:
    year, month = int(day[:4]), int(day[5:7])
    return f"{year + month // 12}-{month % 12 + 1:02}{day[7:]}"


def april() -> list[Json]:
    """The first sync: what is there, and the invoices of before."""
    return [
        *simple("M02", 5000),
        *simple("M03", 6000),
        *simple("M05", 5000),
        *simple("year", 5000),
        *simple("gone", 3000),
        *simple("sale", 3000),
        *simple("moved", 2000),
        *simple("F76", 5000),
        *monthly("F76", ("2025-02-28", 5000)),
        *(*simple("M02_past", 6000), *past("M02_past", 5000, 8000, 6000)),
        *came_back("M03_past"),
        *(*simple("unrenewed", 5000, status="past_due"), *past("unrenewed", 5000, 0, 0)),
        *(*simple("yearly", 60000, interval="year"), yearly()),
        *(*simple("lines", 4500), *odd_lines()),
        *unread_price(),
        *(customer("ended"), canceled("ended", "2025-02-10"), *past("ended", 0, 7000, 0)),
    ]


def unread_price() -> list[Json]:
    """Paid 40.00 usd in March; now billed in eur by a price that was never read, beside 10.00."""
    unread = subscription("unread", [price("unread", 4000, "_gone")], currency="eur")
    small = price("unread", 1000)
    return [
        *(customer("unread"), unread, small, subscription("unread", [small], suffix="_small")),
        *past("unread", 0, 0, 4000),
    ]


def came_back(account: str) -> list[Json]:
    """60.00 until the end of January, 40.00 from March on: two subscriptions."""
    again = price(account, 4000, "_back")
    return [
        *(customer(account), canceled(account, "2025-02-01"), *monthly(account, JANUARY)),
        *(again, subscription(account, [again], suffix="_back")),
        billed(
            account,
            line(
                account, 4000, "2025-03-01", "2025-04-01", sold=again, item=f"si_{account}_back_0"
            ),
            day="2025-03-01",
            subscription=f"sub_{account}_back",
        ),
    ]


def past(account: str, *amounts: int) -> list[Json]:
    """Paid invoices of January to March; 0 is none."""
    days = ("2025-01-01", "2025-02-01", "2025-03-01")
    return monthly(account, *((day, n) for day, n in zip(days, amounts, strict=True) if n))


def yearly() -> Json:
    sold = price("yearly", 60000, interval="year")
    return billed(
        "yearly",
        line("yearly", 60000, "2025-02-15", "2026-02-15", sold=sold),
        day="2025-02-15",
    )


def odd_lines() -> Sequence[Json]:
    """60.00 less 5.00 off, with 10.00 tax inside: 45.00; everything beside it has no effect."""
    taxes = [builders.tax(amount=1000, taxable_amount=5000, behavior="inclusive", rate="txr_1")]
    exclusive = [builders.tax(amount=900, taxable_amount=5500, rate="txr_2")]
    off = [{"amount": 500, "discount": "di_1"}]
    month = ("2025-03-01", "2025-04-01")
    metered = price("lines", 1, "_metered", usage_type="metered")
    once = price("lines", 9900, "_once", interval=None)
    return [
        price("lines", 4500),
        metered,
        once,
        billed(
            "lines",
            line("lines", 6000, *month, taxes=[*taxes, *exclusive], discount_amounts=off),
            line("lines", 777, "2025-03-20", "2025-04-01", proration=True),
            line("lines", 1234, *month, sold=metered, item="si_lines_1"),
            line("lines", 9900, *month, sold=once, item=None),
            day="2025-03-01",
        ),
        billed("lines", line("lines", 7000, *month), day="2025-03-02", status="open"),
    ]


def may() -> list[Json]:
    """A plan is swapped twice in the month; some leave, one gets the same for a year."""
    return [
        price("M02", 8000),
        canceled("M03", "2025-05-02"),
        canceled("M05", "2025-05-02"),
        price("M05", 7000, "_B"),
        subscription("M05", [price("M05", 7000, "_B")], suffix="_B"),
        price("year", 60000, interval="year"),
    ]


def june() -> list[Json]:
    """After May is closed: prices, discounts, links change, and a customer is deleted."""
    half = percent("story_half", 50)
    return [
        price("M02", 6000),
        price("M03", 4000, "_back"),
        subscription("M03", [price("M03", 4000, "_back")], suffix="_back"),
        half,
        subscription("sale", [price("sale", 3000)], discounts=[given(half)]),
        builders.deleted(customer("gone")),
        customer("moved", metadata={"account_id": "moved_here"}),
    ]


def late_account() -> list[Json]:
    """Another Stripe account, connected in June: ids that the first one has, too."""
    return [
        *simple("M02", 1000),
        *simple("late", 4000),
        *past("late", 0, 4000, 4000),
        *monthly("late", ("2025-04-01", 4000), ("2025-05-01", 4000)),
    ]
