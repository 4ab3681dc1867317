"""Movements: bars and the accounts behind them add up to the marts."""

from decimal import Decimal
from html import unescape

import pytest
from report_world import Report

MOVEMENTS = ("new", "expansion", "reactivation", "contraction", "churn")


@pytest.mark.parametrize("currency", ["usd", "eur", "jpy"])
def test_bars_are_those_of_the_mart(report: Report, currency: str) -> None:
    shown = report.json(f"/movements?currency={currency}")
    kept = report.sql(
        "select month::varchar, new_mrr::varchar, churn_mrr::varchar from mrr_movements_by_month"
        " where currency = ? order by month desc",
        currency,
    )
    assert [(row["month"], row["new_mrr"], row["churn_mrr"]) for row in shown] == kept


@pytest.mark.parametrize("movement", MOVEMENTS)
def test_the_accounts_behind_a_bar_add_up_to_it(report: Report, movement: str) -> None:
    bars = report.json("/movements?currency=usd")
    for bar in bars[:6]:
        of = f"currency=usd&month={bar['month']}&movement={movement}"
        moved = report.json(f"/movements?table=accounts&{of}")
        assert {row["movement"] for row in moved} <= {movement}
        assert sum(Decimal(row["amount"]) for row in moved) == Decimal(bar[f"{movement}_mrr"])


def test_without_script_an_amount_leads_to_its_accounts(report: Report) -> None:
    page = unescape(report.page("/movements?currency=usd"))
    [(month,)] = report.sql(
        "select max(month)::varchar from mrr_movements_by_month where currency = 'usd'"
        " and new_mrr > 0"
    )
    assert f"/movements?currency=usd&month={month}&movement=new#accounts" in page


@pytest.mark.parametrize("odd", ["month=never", "movement=nothing", "month=0001-01-01", "month="])
def test_an_odd_address_shows_a_page(report: Report, odd: str) -> None:
    assert "Movements" in report.page(f"/movements?{odd}")


def test_when_an_account_churned_stands_beside_the_amount(report: Report) -> None:
    kept = report.sql(
        "select distinct month::varchar, currency from mrr_movements where movement = 'churn'"
    )
    assert kept
    for month, currency in kept:
        rows = report.json(f"/movements?table=accounts&month={month}&currency={currency}")
        for row in rows:
            assert not row["churned_at"] or row["churned_at"][:7] == month[:7]
