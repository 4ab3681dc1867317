"""Metrics of the company, worked by hand: one small business, month by month."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from examples_build import RunSettings, Warehouse, create_warehouse
from examples_objects import at, customer, moment, paid, price, simple, subscription

pytestmark = pytest.mark.long

Json = dict[str, Any]
APRIL, MAY, JUNE = (moment(f"2025-{month:02}-10") for month in (4, 5, 6))


def pays(account: str, amount: int) -> list[Json]:
    """So many dollars a month, from now on."""
    return simple(account, amount * 100)


def ends(account: str, amount: int, day: str) -> list[Json]:
    return simple(account, amount * 100, status="canceled", ended_at=at(day))


def trial(account: str, ended: str, *, invoiced: int | None, **fields: Any) -> list[Json]:
    """30.00 a month after a trial from 2025-03-01 on; what its first invoice came to, if paid."""
    dates = {"trial_start": at("2025-03-01"), "trial_end": at(ended)}
    bills = [] if invoiced is None else [paid(account, invoiced, created=at(ended))]
    return [*simple(account, 3000, **{"status": "canceled", **dates, **fields}), *bills]


# What is new or other at each build. MRR of the accounts at the months' ends:
#          April  May  June
#   a        100  120   120     expansion 20 in May
#   b         50   40     0     contraction -10 in May, churn -40 in June
#   c         30    0    30     churn -30 in May, reactivation 30 in June
#   d                60  60     new in May
#   e                    40     new in June
#   sum      180  220   250
STORY = {
    APRIL: [*pays("a", 100), *pays("b", 50), *pays("c", 30)],
    MAY: [
        *(price("a", 12000), price("b", 4000)),
        *ends("c", 30, "2025-05-05"),
        *pays("d", 60),
    ],
    JUNE: [
        *ends("b", 40, "2025-06-05"),
        subscription("c", [price("c", 3000)], suffix="_again", created=at("2025-06-02")),
        *pays("e", 40),
    ],
}
TRIALS = [
    *trial("t1", "2025-04-15", invoiced=3000, ended_at=at("2025-06-01")),  # paid, then left
    *trial("t2", "2025-04-20", invoiced=0, ended_at=at("2025-04-20")),  # only the free invoice
    *trial("t3", "2025-05-20", invoiced=None, ended_at=at("2025-04-25")),  # left within the trial
    *trial("t4", "2025-05-02", invoiced=3000, ended_at=at("2025-06-02")),
    *trial("t5", "2025-07-01", invoiced=None, status="trialing"),  # still tries
]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """Built in each month, so that nothing is estimated, and once more for one changed account:
    a refresh, which sums up its own month alone."""
    warehouse = create_warehouse(tmp_path_factory.mktemp("metrics") / "warehouse.duckdb")
    for as_of, objects in STORY.items():
        warehouse.land(objects, read_at=as_of)
        warehouse.refresh(RunSettings(as_of=as_of))
    warehouse.land([*TRIALS, customer("nobody")], read_at=moment("2025-06-11"))
    made = warehouse.refresh(RunSettings(as_of=moment("2025-06-11")))
    assert made.scope.follows, made.scope.why
    return warehouse


def by_month(warehouse: Warehouse, mart: str, columns: str) -> dict[int, tuple[Any, ...]]:
    rows = warehouse.records(
        f"select month, {columns} from marts.{mart} where month > '2025-03-31'"
    )
    return {row.pop("month").month: tuple(row.values()) for row in rows}


def test_rates_of_each_month(built: Warehouse) -> None:
    found = by_month(
        built,
        "metrics_by_month",
        "quick_ratio, gross_mrr_churn_rate, net_mrr_churn_rate, chartmogul_net_mrr_churn_rate,"
        " stripe_subscriber_churn_rate, average_sale_price",
    )
    assert found == {
        # new 180 of 3 accounts, nothing lost, nothing to lose: 180 / 3
        4: (None, None, None, None, Decimal("0.000000"), Decimal("60.000")),
        # new 60, expansion 20, contraction -10, churn -30 of 1 account; opening 180 of 3
        5: (
            Decimal("2.000000"),  # (60 + 20) / (10 + 30)
            Decimal("0.222222"),  # (10 + 30) / 180
            Decimal("0.111111"),  # (10 + 30 - 20) / 180
            Decimal("0.111111"),  # nobody came back
            Decimal("0.250000"),  # 1 / (3 + 1 new)
            Decimal("60.000"),
        ),
        # new 40, reactivation 30, churn -40 of 1 account; opening 220 of a, b, d
        6: (
            Decimal("1.750000"),  # (40 + 30) / 40
            Decimal("0.181818"),  # 40 / 220
            Decimal("0.181818"),
            Decimal("0.045455"),  # (40 - 30) / 220
            Decimal("0.250000"),  # 1 / (3 + 1 new)
            Decimal("40.000"),
        ),
    }


def test_retention_churn_and_arpa_stand_in_the_movements(built: Warehouse) -> None:
    found = by_month(
        built,
        "mrr_movements_by_month",
        "net_revenue_retention, gross_revenue_retention, mrr_churn_rate, account_churn_rate, arpa",
    )
    assert found[5] == (
        Decimal("0.888889"),  # (180 + 20 - 10 - 30) / 180
        Decimal("0.777778"),  # (180 - 10 - 30) / 180
        Decimal("0.166667"),  # 30 / 180
        Decimal("0.333333"),  # 1 of 3
        Decimal("73.333"),  # 220 / 3: a, b, d
    )


def test_cohorts_by_month_of_start(built: Warehouse) -> None:
    rows = built.records("from marts.mrr_cohorts order by cohort_month, month")
    found = {
        (row["cohort_month"].month, row["months_since_start"]): (
            row["accounts"],
            row["paying_accounts"],
            row["mrr"],
            row["account_retention"],
            row["net_mrr_retention"],
        )
        for row in rows
        if row["cohort_month"] > date(2025, 3, 31)
    }
    one = Decimal("1.000000")
    assert found == {
        (4, 0): (3, 3, 180, one, one),  # a, b, c
        (4, 1): (3, 2, 160, Decimal("0.666667"), Decimal("0.888889")),  # 120 + 40; 160 / 180
        (4, 2): (3, 2, 150, Decimal("0.666667"), Decimal("0.833333")),  # 120 + 30; 150 / 180
        (5, 0): (1, 1, 60, one, one),  # d
        (5, 1): (1, 1, 60, one, one),
        (6, 0): (1, 1, 40, one, one),  # e
    }
    sums = built.records(
        "select month, sum(mrr) as mrr from marts.mrr_cohorts group by all order by 1"
    )
    company = built.records(
        "select month, closing_mrr as mrr from marts.mrr_movements_by_month order by 1"
    )
    assert sums == company


def test_trials_convert_with_their_first_paid_invoice(built: Warehouse) -> None:
    found = by_month(built, "trial_conversions", "trials_ended, trials_converted, conversion_rate")
    assert found == {
        4: (3, 1, Decimal("0.333333")),  # t1 converted; t2, t3 (which left on 04-25) did not
        5: (1, 1, Decimal("1.000000")),  # t4
    }


def test_mrr_by_plan_and_by_product_are_parts_of_todays(tmp_path: Path) -> None:
    """Two prices of one product; an account with both counts once there. JPY stands by itself."""
    warehouse = create_warehouse(tmp_path / "warehouse.duckdb")
    month = price("shop", 5000, "_m", product="prod_shop", nickname="Monthly")
    year = price("shop", 120000, "_y", interval="year", product="prod_shop", nickname="Yearly")
    yen = price("yen", 700, currency="jpy", product="prod_shop")
    warehouse.land(
        [
            *(month, year, yen),
            *(customer("both"), subscription("both", [month, (year, 2)])),
            *(customer("one"), subscription("one", [month])),
            *(customer("tries"), subscription("tries", [month], status="trialing")),
            *(customer("yen"), subscription("yen", [yen])),
            *[one for one in simple("unread", 5000) if one["object"] != "price"],
        ]
    )
    warehouse.refresh(RunSettings())
    plans = warehouse.records(
        "select price_id, currency, mrr, accounts, accounts_without_mrr, arpa"
        " from marts.mrr_by_plan order by price_id"
    )
    assert [tuple(row.values()) for row in plans] == [
        ("price_shop_m", "usd", 100, 2, 0, 50),  # 50 + 50
        ("price_shop_y", "usd", 200, 1, 0, 200),  # 2 x 1200 / 12
        ("price_unread", "usd", None, 0, 1, None),  # not known, and not 0
        ("price_yen", "jpy", 700, 1, 0, 700),
    ]
    products = warehouse.records(
        "select product_id, currency, mrr, accounts, arpa from marts.mrr_by_product order by 2"
    )
    assert [tuple(row.values()) for row in products] == [
        ("prod_shop", "jpy", 700, 1, 700),
        ("prod_shop", "usd", 300, 2, 150),  # 100 + 200 of two accounts
    ]


def test_a_closed_month_of_a_cohort_stays(built: Warehouse) -> None:
    """A full build of the same moment says what the refreshes said."""
    kept = {
        mart: built.records(f"from marts.{mart} order by all")
        for mart in ("mrr_cohorts", "metrics_by_month", "trial_conversions", "mrr_by_plan")
    }
    built.refresh(RunSettings(as_of=moment("2025-06-11")), full=True)
    for mart, rows in kept.items():
        assert built.records(f"from marts.{mart} order by all") == rows, mart


def test_a_trial_whose_end_was_read_before_its_moment_is_counted_when_that_has_passed(
    tmp_path: Path,
) -> None:
    """A run's as_of is its beginning: what Stripe says a minute later may end after it."""
    warehouse = create_warehouse(tmp_path / "warehouse.duckdb")
    warehouse.land([*trial("late", "2025-06-11", invoiced=None, status="active")])
    counted = "select trials_ended from marts.trial_conversions"
    warehouse.refresh(RunSettings(as_of=moment("2025-06-10")))
    assert warehouse.records(counted) == []
    warehouse.refresh(RunSettings(as_of=moment("2025-06-12")))
    assert warehouse.records(counted) == [{"trials_ended": 1}]
