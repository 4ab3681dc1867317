"""MRR that may be lost: each reason once, told by hand, and what is near it and at no risk."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from examples_build import RunSettings, Warehouse, create_warehouse
from examples_objects import at, customer, moment, price, simple, subscription

from sandbox import builders

Json = dict[str, Any]
Risk = tuple[str, Decimal | None, datetime | None]


def card(account: str, year: int, month: int) -> Json:
    return builders.payment_method(
        id=f"pm_{account}", customer=f"cus_{account}", exp_year=year, exp_month=month
    )


def with_card(account: str, year: int, month: int, **fields: Any) -> list[Json]:
    """50.00 a month, renewed on 2025-07-01, by a card."""
    own = {"default_payment_method": f"pm_{account}", **fields}
    return [card(account, year, month), *simple(account, 5000, **own)]


def owes(account: str, **fields: Any) -> Json:
    return builders.invoice(
        id=f"in_{account}",
        customer=f"cus_{account}",
        subscription=f"sub_{account}",
        status="open",
        total=6000,
        created=at("2025-06-01"),
        **fields,
    )


def trial(account: str, **fields: Any) -> list[Json]:
    """60.00 a year from 2025-06-29 on."""
    dates = {"trial_start": at("2025-06-01"), "trial_end": at("2025-06-29")}
    return simple(account, 6000, interval="year", status="trialing", **dates, **fields)


def two_that_end() -> list[Json]:
    """30.00 ends on 2025-07-01 with its period, 20.00 on 2026-01-01; a third one of 5.00 stays."""
    sold = [price("two", 3000, "_a"), price("two", 2000, "_b"), price("two", 500, "_c")]
    return [
        customer("two"),
        *sold,
        subscription("two", [sold[0]], suffix="_a", cancel_at_period_end=True),
        subscription("two", [sold[1]], suffix="_b", cancel_at=at("2026-01-01")),
        subscription("two", [sold[2]], suffix="_c"),
    ]


def unread_and_late() -> list[Json]:
    return [one for one in simple("unread", 5000, status="past_due") if one["object"] != "price"]


BUSINESS = [
    *simple("late", 5000, status="past_due"),
    owes("late", attempt_count=2, next_payment_attempt=at("2025-06-20")),
    *unread_and_late(),
    *two_that_end(),
    *with_card("expires", 2025, 6),
    *with_card("lasts", 2025, 7),
    *with_card("expires_and_ends", 2025, 6, cancel_at_period_end=True),
    *with_card("pays_by_invoice", 2025, 6, collection_method="send_invoice", days_until_due=14),
    *trial("tries"),
    *trial("tries_with_card", default_payment_method="pm_tries_with_card"),
    card("tries_with_card", 2030, 1),
    *trial("tries_by_invoice", collection_method="send_invoice", days_until_due=14),
    *simple("gone", 5000, status="canceled", ended_at=at("2025-06-01")),
    *simple("unpaid", 5000, status="unpaid"),
]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    warehouse = create_warehouse(tmp_path_factory.mktemp("risk") / "warehouse.duckdb")
    warehouse.land(BUSINESS)
    warehouse.refresh(RunSettings())
    return warehouse


def test_each_reason_has_the_mrr_that_hangs_on_it_and_its_date(built: Warehouse) -> None:
    rows = built.records("from marts.revenue_at_risk")
    assert {row["currency"] for row in rows} == {"usd"}
    found = {(row["account_id"], row["reason"]): (row["mrr"], row["happens_at"]) for row in rows}
    assert found == {
        ("late", "past_due"): (Decimal("50.00"), moment("2025-06-20")),
        ("unread", "past_due"): (None, None),  # its price could not be read: not known, not 0
        ("two", "canceling"): (Decimal("50.00"), moment("2025-07-01")),  # 30.00 + 20.00
        ("expires", "card_expires"): (Decimal("50.00"), moment("2025-07-01")),
        ("expires_and_ends", "canceling"): (Decimal("50.00"), moment("2025-07-01")),
        ("tries", "trial_without_card"): (Decimal("5.00"), moment("2025-06-29")),  # 60.00 / 12
    }


def test_what_says_so_stands_beside_each_subscription(built: Warehouse) -> None:
    rows = built.records("from marts.revenue_at_risk where account_id in ('two', 'expires')")
    said = {row["account_id"]: (row["subscription_ids"], row["evidence"]) for row in rows}
    assert said == {
        "two": (
            ["sub_two_a", "sub_two_b"],
            ["subscription.cancel_at is 2025-07-01", "subscription.cancel_at is 2026-01-01"],
        ),
        "expires": (["sub_expires"], ["payment_method.card expires on 2025-06-30"]),
    }


def test_what_is_owed_stands_at_the_subscription_and_the_account(built: Warehouse) -> None:
    [row] = built.records(
        "select open_invoice_count, open_amount, payment_attempt_count, next_payment_attempt"
        " from marts.subscriptions where account_id = 'late'"
    )
    assert tuple(row.values()) == (1, Decimal("60.00"), 2, moment("2025-06-20"))
    assert built.records(
        "select account_id, open_invoice_count, next_payment_attempt from marts.accounts"
        " where open_invoice_count > 0"
    ) == [
        {
            "account_id": "late",
            "open_invoice_count": 1,
            "next_payment_attempt": moment("2025-06-20"),
        }
    ]
