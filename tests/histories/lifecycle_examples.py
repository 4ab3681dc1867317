"""Lifecycles that take several syncs, the contract's worked examples first: what Stripe changes
before each.

Enters: nothing. Leaves: steps by account. Expectations stand in the test.
"""

from dataclasses import dataclass
from typing import Any

from examples_objects import at, customer, paid, price, simple, subscription

Json = dict[str, Any]
SYNCS = ("2025-02-28", "2025-06-30", "2025-10-10", "2025-10-31")


@dataclass(frozen=True)
class Step:
    """What happened before the sync of that number; `told`: whether its events are in the feed."""

    sync: int
    objects: list[Json]
    told: bool = True
    deleted: str | None = None  # a customer


def examples() -> dict[str, list[Step]]:
    """By the id of the contract, which is the account's too."""
    return {
        "G02": [Step(0, [*simple("G02", 2, usage_type="metered"), paid("G02", 13740)])],
        "G03": [Step(2, simple("G03", 5000, **_ended("2025-06-10", asked="2025-05-20")))],
        "G04": [Step(2, _paid_then_free())],
        "G05": _two_that_end(),
        "G06": [Step(0, _unpaid_trial("G06"))],
        "G06-none": [Step(0, [customer("G06-none")])],
        "G11": _left_and_left_again(),
        "G13": _asked_and_then_at_once(),
        "unknown": _known_no_more(),
        "deleted": [
            Step(0, [*simple("deleted", 5000), paid("deleted", 5000)]),
            Step(2, [], deleted="cus_deleted"),
        ],
    }


def _ended(day: str, *, asked: str | None = None, **fields: Any) -> Json:
    return {
        "status": "canceled",
        "ended_at": at(day),
        "canceled_at": at(asked or day),
        "created": at("2025-01-10"),
        **fields,
    }


def _paid_then_free() -> list[Json]:
    bills = [
        paid(
            "G04", 5000 if month < 7 else 0, suffix=f"_{month}", subscription="sub_G04", created=day
        )
        for month, day in ((n, at(f"2025-{n:02}-10")) for n in range(1, 8))
    ]
    return [*simple("G04", 5000, **_ended("2025-07-20")), *bills]


def _two_that_end() -> list[Step]:
    sold = price("G05", 5000)
    older = {"suffix": "_older", "created": at("2025-01-01")}
    newer = {"suffix": "_newer", "created": at("2025-02-01")}
    alive = [subscription("G05", [sold], **one) for one in (older, newer)]
    bill = paid("G05", 5000, subscription="sub_G05_older", created=at("2025-01-01"))
    return [
        Step(0, [customer("G05"), sold, *alive, bill]),
        Step(1, [subscription("G05", [sold], **_ended("2025-05-10", **newer))]),
        Step(2, [subscription("G05", [sold], **_ended("2025-09-10", **older))]),
    ]


def _unpaid_trial(account: str) -> list[Json]:
    trial = {"trial_start": at("2025-01-10"), "trial_end": at("2025-01-24")}
    return [*simple(account, 5000, **_ended("2025-01-24", **trial)), paid(account, 0)]


def _left_and_left_again() -> list[Step]:
    sold = price("G11", 5000)
    again = {"suffix": "_again", "created": at("2025-04-01")}
    return [
        Step(0, [*simple("G11", 5000, created=at("2025-01-10")), paid("G11", 5000)]),
        Step(
            2,
            [
                subscription("G11", [sold], **_ended("2025-03-10")),
                subscription("G11", [sold], **_ended("2025-07-20", **again)),
            ],
        ),
    ]


def _asked_and_then_at_once() -> list[Step]:
    made = {"interval": "year", "created": at("2025-01-10"), "ends": ("2026-01-10",)}
    asked = {"cancel_at_period_end": True, "canceled_at": at("2025-04-10")}
    ended = _ended("2025-07-20")
    return [
        Step(0, [*simple("G13", 60000, **made), paid("G13", 60000, created=at("2025-01-10"))]),
        Step(1, simple("G13", 60000, **made, **asked)[2:]),
        Step(2, simple("G13", 60000, **made | ended)[2:]),
    ]


def _known_no_more() -> list[Step]:
    """Its subscription in dollars moves to a price that has an amount in euros alone."""
    begun = [*simple("unknown", 5000), paid("unknown", 5000)]
    other = price("unknown", 8000, "_eur", currency="eur")
    return [Step(0, begun), Step(1, [other, subscription("unknown", [other], currency="usd")])]
