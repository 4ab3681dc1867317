"""Rates by date: what a change of rate does to MRR is a movement of its own, `fx`."""

from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from examples_build import RunSettings, Warehouse, create_warehouse
from examples_objects import customer, moment, price, simple, subscription

from orchestration.build.last_build import finish
from orchestration.build.scope import BuildKind, BuildScope, begin, decide

pytestmark = pytest.mark.long

APRIL, JUNE = moment("2025-04-10"), moment("2025-06-10")
RATES = (
    ("2025-01-01", "eur", "1.05"),
    ("2025-04-01", "eur", "1.10"),
    ("2025-04-01", "jpy", "0.0067"),
    ("2025-05-02", "eur", "1.25"),
    ("2025-06-01", "eur", "1.20"),
    ("2025-06-05", "jpy", "0.0069"),
    ("2025-06-20", "eur", "9.99"),  # not yet in force
)
MOVED = ("new", "expansion", "contraction", "churn", "reactivation", "fx")


def two_currencies(account: str) -> list[dict[str, Any]]:
    dollars, euros = price(account, 5000, "_usd"), price(account, 4000, "_eur", currency="eur")
    return [
        customer(account),
        *(dollars, euros),
        subscription(account, [dollars], suffix="_usd"),
        subscription(account, [euros], suffix="_eur"),
    ]


def settled(as_of: datetime) -> RunSettings:
    return RunSettings(as_of=as_of, reporting_currency="usd")


@pytest.fixture(scope="module")
def rated(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """Seen in April and, after one account pays more, in June; May is known from April."""
    made = create_warehouse(tmp_path_factory.mktemp("rated") / "warehouse.duckdb")
    made.land([*simple("euro", 4000, currency="eur"), *two_currencies("F54")], read_at=APRIL)
    made.land(simple("yen", 5000, currency="jpy"), read_at=APRIL)
    made.rate(*RATES)
    made.build_selected(settled(APRIL), "--exclude", "fx_rates")
    made.land([price("euro", 5000, currency="eur")], read_at=JUNE)
    made.build_selected(settled(JUNE), "--exclude", "fx_rates")
    return made


@pytest.mark.parametrize(
    ("account", "movements"),
    [
        (
            "euro",
            [
                (4, "new", "40", "44"),
                (5, "fx", "0", "6"),
                (6, "expansion", "10", "12"),
                (6, "fx", "0", "-2"),
            ],
        ),
        (
            "F54",
            [
                (4, "new", "40", "44"),
                (4, "new", "50", "50"),
                (5, "fx", "0", "6"),
                (6, "fx", "0", "-2"),
            ],
        ),
        ("yen", [(4, "new", "5000", "33.5"), (6, "fx", "0", "1")]),
    ],
)
def test_change_of_rate_is_a_movement_of_its_own(
    account: str, movements: list[tuple[int, str, str, str]], rated: Warehouse
) -> None:
    found = rated.records(
        "select month(month) as month, movement, amount, reporting_amount"
        f" from marts.mrr_movements where account_id = '{account}' order by all"
    )
    assert [tuple(row.values()) for row in found] == [
        (month, movement, Decimal(amount), Decimal(reporting))
        for month, movement, amount, reporting in movements
    ]


def test_opening_and_movements_are_closing_mrr_in_the_reporting_currency(rated: Warehouse) -> None:
    rows = rated.records("from marts.mrr_movements_by_month order by month")
    assert [(row["month"].month, row["currency"]) for row in rows] == [
        (4, "usd"),
        (5, "usd"),
        (6, "usd"),
    ]
    closings = rated.records(
        "select sum(reporting_mrr) as mrr from marts.mrr_by_month group by month order by month"
    )
    opening = Decimal(0)
    for row, closing in zip(rows, closings, strict=True):
        assert row["opening_mrr"] == opening
        opening += sum(row[f"{moved}_mrr"] for moved in MOVED)
        assert row["closing_mrr"] == opening == closing["mrr"]
    assert [row["fx_mrr"] for row in rows] == [0, 12, -3]
    june = rows[-1]
    assert june["net_revenue_retention"] == round(1 + 12 / june["opening_mrr"], 6)
    assert june["gross_revenue_retention"] == 1


def test_f54_total_over_currencies_at_the_rate_of_as_of(rated: Warehouse) -> None:
    [row] = rated.records("from marts.multi_subscription_traits where account_id = 'F54'")
    assert (row["all_mrr_normalized"], row["all_mrr_currency"]) == (98, "usd")
    assert row["mrr_by_currency"] == {"eur": 40, "usd": 50}
    [breakdown] = rated.records(
        "select sum(monthly_amount) filter (currency = 'eur') * 1.2"
        " + sum(monthly_amount) filter (currency = 'usd') as mrr"
        " from marts.mrr_breakdown where account_id = 'F54'"
    )
    assert breakdown["mrr"] == row["all_mrr_normalized"]


@pytest.mark.parametrize(("days", "why"), [(9, None), (10, "a rate of fx_rates came into force")])
def test_rate_that_comes_into_force_builds_everything(
    days: int, why: str | None, rated: Warehouse, tmp_path: Path
) -> None:
    first = BuildScope(BuildKind.FULL, "a test", 1, None, None, None, id="first")
    known = rated.settings(settled(JUNE))
    copied = tmp_path / "warehouse.duckdb"
    copied.write_bytes(rated.path.read_bytes())
    with duckdb.connect(str(copied)) as database:
        decide(database, known, as_of=JUNE)
        begin(database, known, first, as_of=JUNE)
        finish(database)
        scope = decide(database, known, as_of=JUNE + timedelta(days=days))
    if why is None:
        assert scope.kind is BuildKind.NOTHING
    else:
        assert (scope.kind, scope.why) == (BuildKind.FULL, why)
