"""Retention and the rates by month: those of the marts, each with its formula."""

from decimal import Decimal
from html import unescape

import pytest
from report_world import Report

from report.display import percent


@pytest.mark.parametrize("currency", ["usd", "eur"])
def test_cohorts_are_those_of_the_mart(report: Report, currency: str) -> None:
    shown = report.json(f"/retention?currency={currency}")
    kept = report.sql(
        "select cohort_month::varchar, months_since_start, paying_accounts, mrr::varchar"
        " from mrr_cohorts where currency = ? order by cohort_month desc, months_since_start",
        currency,
    )
    names = ("cohort_month", "months_since_start", "paying_accounts", "mrr")
    assert [tuple(row[name] for name in names) for row in shown] == kept


@pytest.mark.parametrize("measure", ["net_mrr_retention", "account_retention"])
def test_the_heat_map_shows_each_share_without_script(report: Report, measure: str) -> None:
    page = report.page(f"/retention?currency=usd&measure={measure}")
    for row in report.json("/retention?currency=usd"):
        assert row[measure] is None or f">{percent(Decimal(row[measure]))}</td>" in page


def test_an_odd_measure_shows_mrr(report: Report) -> None:
    assert "MRR that is left" in report.page("/retention?measure=nothing")


def test_rates_are_those_of_the_mart(report: Report) -> None:
    shown = report.json("/movements?table=metrics&currency=usd")
    kept = report.sql(
        "select month::varchar, quick_ratio::varchar, stripe_subscriber_churn_rate::varchar"
        " from metrics_by_month where currency = 'usd' order by month desc"
    )
    names = ("month", "quick_ratio", "stripe_subscriber_churn_rate")
    assert [tuple(row[name] for name in names) for row in shown] == kept


def test_each_rate_has_its_formula_on_the_page(report: Report) -> None:
    page = unescape(report.page("/movements"))
    assert "(new + expansion + reactivation) / -(contraction + churn)" in page
    assert "(opening + expansion + contraction + churn) / opening" in page


def test_mrr_by_plan_is_that_of_the_mart(report: Report) -> None:
    shown = {row["price_id"]: row["mrr"] for row in report.json("/?table=plans&currency=usd")}
    kept = report.sql("select price_id, mrr::varchar from mrr_by_plan where currency = 'usd'")
    assert shown == dict(kept)
