"""MRR by month: what was seen stays, what was before is estimated, and movements explain it."""

import shutil
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import history_story as story
import pytest
from examples_build import STRIPE_ACCOUNT, RunSettings, Warehouse, create_warehouse
from examples_objects import moment, price, simple, subscription

from orchestration.build.scope import BuildKind

Rows = list[dict[str, Any]]
FIRST, SECOND, THIRD = (moment(f"2025-{month:02}-10") for month in (4, 5, 6))


@dataclass
class History:
    """The warehouse after the story, and what its marts said after each step."""

    warehouse: Warehouse
    seen: dict[datetime, Rows] = field(default_factory=dict)

    def build(self, as_of: datetime) -> BuildKind:
        made = self.warehouse.refresh(RunSettings(as_of=as_of))
        self.seen[as_of] = self.months()
        return made.scope.kind

    def months(self) -> Rows:
        return self.warehouse.records("from marts.mrr_by_month order by all")

    def series(self, account: str) -> dict[int, Decimal]:
        """MRR by number of the month; months before 2025 are negative."""
        rows = [row for row in self.months() if row["account_id"] == account]
        return {row["month"].month: row["mrr"] for row in rows}

    def movements(self, account: str) -> dict[tuple[int, str], Decimal]:
        rows = self.warehouse.records(
            f"from marts.mrr_movements where account_id = '{account}' order by all"
        )
        return {(row["month"].month, row["movement"]): row["amount"] for row in rows}


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> History:
    made = History(create_warehouse(tmp_path_factory.mktemp("story") / "warehouse.duckdb"))
    made.warehouse.land(story.april(), read_at=FIRST)
    assert made.build(FIRST) is BuildKind.FULL
    made.warehouse.land(story.may(), read_at=SECOND)
    assert made.build(SECOND) is BuildKind.FULL  # a month began
    assert made.build(moment("2025-05-20")) is BuildKind.NOTHING
    made.warehouse.land(story.june(), read_at=THIRD)
    made.warehouse.land(
        story.late_account(), read_at=moment("2025-06-10T01:00:00"), stripe_account_id="acct_late"
    )
    made.build(THIRD)
    return made


@pytest.mark.parametrize(
    ("account", "series"),
    [
        ("M02_past", {1: 50, 2: 80, 3: 60, 4: 60, 5: 60, 6: 60}),
        ("M03_past", {1: 60, 2: 0, 3: 40, 4: 40, 5: 40, 6: 40}),
        ("M03", {4: 60, 5: 0, 6: 40}),
        ("M05", {4: 50, 5: 70, 6: 70}),
        ("year", {4: 50, 5: 50, 6: 50}),
        ("F76", {2: 50, 3: 50, 4: 50, 5: 50, 6: 50}),
        ("unrenewed", {1: 50, 2: 50, 3: 50, 4: 50, 5: 50, 6: 50}),
        ("yearly", {2: 50, 3: 50, 4: 50, 5: 50, 6: 50}),
        ("lines", {3: 45, 4: 45, 5: 45, 6: 45}),
        ("unread", {3: 40, 4: 50, 5: 50, 6: 50}),
        ("ended", {}),
        ("gone", {4: 30, 5: 30, 6: 0}),
        ("sale", {4: 30, 5: 30, 6: 15}),
        ("moved", {4: 20, 5: 20, 6: 0}),
        ("moved_here", {6: 20}),
        ("late", {2: 40, 3: 40, 4: 40, 5: 40, 6: 40}),
    ],
)
def test_months_of(account: str, series: dict[int, int], history: History) -> None:
    assert history.series(account) == series


@pytest.mark.parametrize(
    ("account", "movements"),
    [
        ("M02", {(4, "new"): 50, (5, "expansion"): 30, (6, "contraction"): -10}),
        ("M02_past", {(1, "new"): 50, (2, "expansion"): 30, (3, "contraction"): -20}),
        ("M03", {(4, "new"): 60, (5, "churn"): -60, (6, "reactivation"): 40}),
        ("M03_past", {(1, "new"): 60, (2, "churn"): -60, (3, "reactivation"): 40}),
        ("M05", {(4, "new"): 50, (5, "expansion"): 20}),
        ("year", {(4, "new"): 50}),
        ("F76", {(2, "new"): 50}),
        ("unrenewed", {(1, "new"): 50}),
        ("gone", {(4, "new"): 30, (6, "churn"): -30}),
        ("sale", {(4, "new"): 30, (6, "contraction"): -15}),
        ("moved", {(4, "new"): 20, (6, "churn"): -20}),
        ("moved_here", {(6, "new"): 20}),
    ],
)
def test_movements_of(
    account: str, movements: dict[tuple[int, str], int], history: History
) -> None:
    assert history.movements(account) == movements


def test_account_spans_stripe_accounts_that_share_ids(history: History) -> None:
    [row] = history.warehouse.records(
        "select all_mrr_normalized, subscription_ids from marts.multi_subscription_traits"
        " where account_id = 'M02'"
    )
    assert row == {"all_mrr_normalized": 70, "subscription_ids": ["sub_M02", "sub_M02"]}
    owned = history.warehouse.records(
        "select stripe_account_id, mrr_normalized from marts.subscriptions"
        " where subscription_id = 'sub_M02' order by all"
    )
    assert [tuple(one.values()) for one in owned] == [
        (STRIPE_ACCOUNT, 60),
        ("acct_late", 10),
    ]


def test_closed_months_never_restate(history: History) -> None:
    for as_of in (FIRST, SECOND):
        closed = [row for row in history.seen[as_of] if row["month"] < as_of.date().replace(day=1)]
        still = [row for row in history.seen[THIRD] if row["account_id"] != "late"]
        assert closed
        assert [row for row in closed if row not in still] == []


def test_only_months_before_the_first_sync_are_estimated(history: History) -> None:
    first_seen = {"late": date(2025, 6, 1), "unread": date.max}
    for row in history.months():
        seen = row["month"] >= first_seen.get(row["account_id"], date(2025, 4, 1))
        assert row["is_estimated"] is not seen, row


def test_run_at_an_older_moment_shows_what_was_seen_then_and_restates_nothing(
    history: History, tmp_path_factory: pytest.TempPathFactory
) -> None:
    copied = History(Warehouse(tmp_path_factory.mktemp("older") / "warehouse.duckdb"))
    shutil.copy(history.warehouse.path, copied.warehouse.path)
    assert copied.build(SECOND) is BuildKind.FULL
    then = [row for row in copied.months() if row["account_id"] != "late"]  # connected later
    assert then == history.seen[SECOND]
    assert copied.build(THIRD) is BuildKind.FULL
    assert copied.months() == history.months()


def test_company_goes_from_opening_to_closing(history: History) -> None:
    rows = history.warehouse.records("from marts.mrr_movements_by_month order by month")
    assert [row["month"].month for row in rows] == [1, 2, 3, 4, 5, 6]
    for row in rows:
        parts = ("new", "expansion", "contraction", "churn", "reactivation", "fx")
        assert row["opening_mrr"] + sum(row[f"{part}_mrr"] for part in parts) == row["closing_mrr"]
    may = rows[4]
    assert may["opening_mrr"] == sum(row["mrr"] for row in history.months() if is_april(row))
    assert (may["churn_mrr"], may["churn_accounts"]) == (-60, 1)
    kept = may["opening_mrr"] - 60
    assert may["gross_revenue_retention"] == round(kept / may["opening_mrr"], 6)
    assert may["net_revenue_retention"] == round((kept + 50) / may["opening_mrr"], 6)
    assert may["account_churn_rate"] == round(Decimal(1) / may["opening_accounts"], 6)
    assert rows[0]["net_revenue_retention"] is None


def is_april(row: dict[str, Any]) -> bool:
    return bool(row["month"] == date(2025, 4, 1))


def test_an_amount_that_is_not_known_moves_with_its_subscription(tmp_path: Path) -> None:
    """The last known amount is the new account's from the move on, and no longer the old one's."""
    history = History(create_warehouse(tmp_path / "warehouse.duckdb"))
    buyer, sold, bought = simple("before", 5000)
    history.warehouse.land([buyer, sold, bought], read_at=FIRST)
    history.build(FIRST)
    elsewhere = {**buyer, "metadata": {"account_id": "after"}}
    unread = subscription("before", [(price("before", 7000, "_unread"), 1)])
    history.warehouse.land([elsewhere, unread], read_at=SECOND)
    assert history.build(SECOND) is not BuildKind.NOTHING
    assert {month: history.series("before").get(month) for month in (4, 5)} == {4: 50, 5: 0}
    assert history.series("after").get(5) == 50
    assert history.movements("after") == {(5, "new"): 50}
