"""Accounts whose invoices tell their past, worked out by hand: what is billed, MRR by month.

Enters: nothing. Leaves: `EXAMPLES` by the contract's ids and by names of our own, the objects of
all of them, and the prices that are never read. They are seen for the first time in 2025-09.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from examples_objects import at, customer, percent, price, subscription

from sandbox import builders

Json = dict[str, Any]
YEAR = ("2025-01-01", "2026-01-01")
STARTS = [f"2025-{month:02}-01" for month in range(1, 10)]


@dataclass(frozen=True)
class Example:
    """One account's objects, and its MRR by the month's number."""

    objects: list[Json]
    months: dict[int, Decimal]


def flat(*runs: tuple[str, int]) -> dict[int, Decimal]:
    """Each amount up to the number of a month."""
    found: dict[int, Decimal] = {}
    for amount, last in runs:
        found |= {month: Decimal(amount) for month in range(len(found) + 1, last + 1)}
    return found


def sold(account: str, amount: int, suffix: str = "", interval: str = "month") -> Json:
    return price(account, amount, suffix, interval=interval)


def line(item: str, of: Json, amount: int, start: str, end: str, **fields: Any) -> Json:
    return builders.line(
        amount=amount, price=of, subscription_item=item,
        period_start=at(start), period_end=at(end), **fields,
    )  # fmt: skip


def bill(account: str, day: str, *lines: Json, **fields: Any) -> Json:
    return builders.invoice(
        id=f"in_{account}_{day}", customer=f"cus_{account}", subscription=f"sub_{account}",
        created=at(day), total=sum(one["amount"] for one in lines), lines=list(lines), **fields,
    )  # fmt: skip


def monthly(account: str, of: Json, months: Sequence[int], **fields: Any) -> list[Json]:
    """An invoice for each of these months."""
    return [
        bill(
            account,
            STARTS[month - 1],
            line(
                f"si_{account}_0", of, of["unit_amount"], STARTS[month - 1], STARTS[month], **fields
            ),
        )
        for month in months
    ]


def held(account: str, *prices: Json | tuple[Json, int | None], **fields: Any) -> list[Json]:
    """The customer, what it is subscribed to now, and the prices."""
    of = [one if isinstance(one, dict) else one[0] for one in prices]
    return [customer(account), *of, subscription(account, prices, **fields)]


def g07() -> Example:
    """A yearly item is replaced by a new monthly one; the rest of the year is given back."""
    year, month = sold("G07", 60000, "_year", "year"), sold("G07", 6000)
    back = line("si_G07_y", year, -30247, "2025-07-01", "2026-01-01", proration=True)
    billed = monthly("G07", month, (7, 8))
    first = line("si_G07_0", month, 6000, "2025-07-01", "2025-08-01")
    billed[0] = bill("G07", "2025-07-01", back, first)
    return Example(
        [
            *held("G07", month),
            year,
            bill("G07", "2025-01-01", line("si_G07_y", year, 60000, *YEAR)),
            *billed,
        ],
        flat(("50.00", 6), ("60.00", 8)),
    )


def g08() -> Example:
    """Collection is paused from April to June: nothing is paid, and nothing ends."""
    month = sold("G08", 5000)
    paid = monthly("G08", month, (1, 2, 3, 7, 8))
    void = [one | {"status": "void"} for one in monthly("G08", month, (4, 5, 6))]
    return Example([*held("G08", month), *paid, *void], flat(("50.00", 8)))


def g12() -> Example:
    """25 % for three months, which hangs nowhere any more."""
    month = sold("G12", 10000)
    coupon = percent("quarter_G12", 25, duration="repeating", duration_in_months=3)
    off = [{"amount": 2500, "discount": builders.discount(coupon=coupon, id="di_G12")}]
    return Example(
        [
            *held("G12", month),
            coupon,
            *monthly("G12", month, (1, 2, 3), discount_amounts=off),
            *monthly("G12", month, (4, 5, 6, 7, 8)),
        ],
        flat(("100.00", 8)),
    )


def add_on_removed() -> Example:
    """50.00 and an add-on of 10.00, given back in May."""
    name = "add_on_removed"
    year, extra = sold(name, 60000, "_base", "year"), sold(name, 12000, "_extra", "year")
    lines = (line(f"si_{name}_0", year, 60000, *YEAR), line("si_extra", extra, 12000, *YEAR))
    back = line("si_extra", extra, -7759, "2025-05-10", YEAR[1], proration=True)
    return Example(
        [*held(name, year), extra, bill(name, YEAR[0], *lines), bill(name, "2025-05-10", back)],
        flat(("60.00", 4), ("50.00", 8)),
    )


def unread_price() -> Example:
    """70.00 a month by a price that is not landed: 70.97, 68.68, 70.97 by days."""
    month = sold("unread_price", 7000)
    months = flat(("70.00", 8))
    return Example(
        [*held("unread_price", month), *monthly("unread_price", month, range(1, 9))], months
    )


def swapped(name: str, before: int, after: int) -> Example:
    """Another price in the middle of April, prorated with May's invoice."""
    old, new = sold(name, before, "_old"), sold(name, after, "_new")
    item, rest = f"si_{name}_0", ("2025-04-16", "2025-05-01")
    may = bill(
        name,
        "2025-05-01",
        line(item, old, -before // 2, *rest, proration=True),
        line(item, new, after // 2, *rest, proration=True),
        line(item, new, after, "2025-05-01", "2025-06-01"),
    )
    return Example(
        [
            *held(name, new),
            old,
            *monthly(name, old, (1, 2, 3, 4)),
            may,
            *monthly(name, new, (6, 7, 8)),
        ],
        flat((str(before // 100), 3), (str(after // 100), 8)),
    )


def seats_of_a_year(name: str = "seats_of_a_year") -> Example:
    """5 seats of 10.00 a month, paid by the year, then 8, then 3."""
    seat = sold(name, 12000, "_seat", "year")
    item = f"si_{name}_0"

    def changed(day: str, days: int, before: int, after: int) -> Json:
        parts = [
            line(item, seat, round(sign * count * 12000 * days / 365), day, YEAR[1],
                 quantity=count, proration=True)
            for sign, count in ((-1, before), (1, after))
        ]  # fmt: skip
        return bill(name, day, *parts)

    return Example(
        [
            *held(name, (seat, 3)),
            bill(name, YEAR[0], line(item, seat, 60000, *YEAR, quantity=5)),
            changed("2025-05-07", 239, 5, 8),
            changed("2025-07-10", 175, 8, 3),
        ],
        flat(("50.00", 4), ("80.00", 6), ("30.00", 8)),
    )


def replaced_without_credit() -> Example:
    """A yearly item makes way for a monthly one, and nothing is given back."""
    name = "replaced_without_credit"
    year, month = sold(name, 60000, "_year", "year"), sold(name, 6000)
    return Example(
        [
            *held(name, month),
            year,
            bill(name, YEAR[0], line("si_year", year, 60000, *YEAR)),
            *monthly(name, month, (7, 8)),
        ],
        flat(("50.00", 6), ("60.00", 8)),
    )


def unpaid_and_ended() -> Example:
    """Paid until the end of March; it went on unpaid until it was ended in June."""
    name = "unpaid_and_ended"
    month = sold(name, 5000)
    ended = {"status": "canceled", "canceled_at": at("2025-06-10"), "ended_at": at("2025-06-10")}
    return Example(
        [*held(name, month, **ended), *monthly(name, month, (1, 2, 3))],
        flat(("50.00", 5), ("0", 8)),
    )


UNREAD_PRICES = ("price_unread_price", "price_unread_seats_seat")
EXAMPLES = {
    "G07": g07(),
    "G08": g08(),
    "G12": g12(),
    "add_on_removed": add_on_removed(),
    "unread_price": unread_price(),
    "up": swapped("up", 5000, 8000),
    "down": swapped("down", 8000, 5000),
    "seats_of_a_year": seats_of_a_year(),
    "unread_seats": seats_of_a_year("unread_seats"),
    "replaced_without_credit": replaced_without_credit(),
    "unpaid_and_ended": unpaid_and_ended(),
}


def objects() -> list[Json]:
    """Of all examples."""
    return [one for example in EXAMPLES.values() for one in example.objects]
