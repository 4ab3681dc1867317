"""Accounts: searched, filtered, sorted; as a page, as CSV, as JSON."""

import csv
import html
import io
import json
import re
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from report_world import FORMULA, QUOTED, SCRIPT, Report

ALL = "/accounts"


def where(*conditions: tuple[str, str, str]) -> str:
    names = ("field", "operator", "value")
    return json.dumps([dict(zip(names, one, strict=True)) for one in conditions])


def rows(report: Report, **parameters: Any) -> list[dict[str, str]]:
    answer = report.client.get(ALL, params={**parameters, "format": "csv"})
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.text)))


def ids(report: Report, *conditions: tuple[str, str, str]) -> set[str]:
    return {row["account_id"] for row in rows(report, where=where(*conditions))}


def expected(report: Report, condition: str) -> set[str]:
    return {row[0] for row in report.sql(f"select account_id from accounts where {condition}")}


def test_csv_has_all_accounts_and_exact_amounts(report: Report) -> None:
    found = {row["account_id"]: row["all_mrr_normalized"] for row in rows(report)}
    kept = report.sql("select account_id, coalesce(all_mrr_normalized::varchar, '') from accounts")
    assert found == dict(kept)


def test_page_and_json_say_the_same(report: Report) -> None:
    page = report.page(ALL)
    first = report.json(ALL)[:50]
    for row in first[:10]:
        assert row["account_id"] in page
    [(count,)] = report.sql("select count(*) from accounts")
    assert f"{count:,} accounts" in page


@pytest.mark.parametrize(
    ("condition", "sql"),
    [
        (("lifecycle_status", "is", "churned"), "lifecycle_status = 'churned'"),
        (("lifecycle_status", "is_not", "churned"), "lifecycle_status is distinct from 'churned'"),
        (("lifecycle_status", "unknown", ""), "lifecycle_status is null"),
        (("all_mrr_normalized", "over", "100"), "all_mrr_normalized > 100"),
        (("all_mrr_normalized", "at_most", "1,000.50"), "all_mrr_normalized <= 1000.5"),
        (("created", "before", "2025-01-01"), "created < date '2025-01-01'"),
        (("plan_names", "has", "Team monthly"), "list_contains(plan_names, 'Team monthly')"),
        (("cancel_at_period_end", "yes", ""), "cancel_at_period_end"),
        (
            ("card_expiration", "before_field", "current_period_end"),
            "card_expiration < current_period_end",
        ),
        (("card_expiration", "before_field", "renewal"), "card_expiration < current_period_end"),
        (
            ("at_risk", "has", "card_expires"),
            "account_id in (select account_id from revenue_at_risk where reason = 'card_expires')",
        ),
        (
            ("at_risk", "has_not", "past_due"),
            "account_id not in (select account_id from revenue_at_risk where reason = 'past_due')",
        ),
        (("metadata.account_id", "contains", "ACCT"), "contains(metadata['account_id'], 'acct')"),
    ],
)
def test_a_filter_finds_what_sql_finds(
    report: Report, condition: tuple[str, str, str], sql: str
) -> None:
    assert ids(report, condition) == expected(report, sql)


def test_relative_dates_are_measured_from_the_build(report: Report) -> None:
    found = ids(report, ("current_period_end", "next_days", "30"))
    since = "(select as_of from publication.build)"
    assert found == expected(
        report,
        f"current_period_end >= {since} and current_period_end < {since} + interval 30 days",
    )


def test_all_conditions_must_hold(report: Report) -> None:
    found = ids(
        report, ("subscription_interval", "is", "year"), ("all_mrr_normalized", "over", "20")
    )
    assert found
    assert found == expected(report, "subscription_interval = 'year' and all_mrr_normalized > 20")


def test_the_question_of_four_conditions_is_a_csv(report: Report) -> None:
    """Yearly customers of a segment who pay more than 10 a month, by a card that expires before."""
    found = ids(
        report,
        ("subscription_interval", "is", "year"),
        ("metadata.segment", "known", ""),
        ("all_mrr_normalized", "over", "10"),
        ("card_expiration", "before_field", "current_period_end"),
    )
    assert found == expected(
        report,
        "subscription_interval = 'year' and metadata['segment'] is not null"
        " and all_mrr_normalized > 10 and card_expiration < current_period_end",
    )


def test_a_trait_that_is_not_in_the_wide_row_filters_too(report: Report) -> None:
    found = ids(report, ("subscription_amounts_total", "over", "100"))
    kept = "select account_id from multi_subscription_traits where subscription_amounts_total > 100"
    assert found == {row[0] for row in report.sql(kept)}


def test_a_metadata_key_with_quotes_is_a_field_as_any_other(report: Report) -> None:
    assert ids(report, (f"metadata.{QUOTED}", "is", "a ' \" b")) == {"../../etc/passwd"}
    shown = rows(report, column=[f"metadata.{QUOTED}"], search="passwd")
    assert [row[f"metadata.{QUOTED}"] for row in shown] == ["a ' \" b"]
    assert report.client.get(ALL, params={"column": f"metadata.{QUOTED}"}).status_code == 200


def test_nobody_has_a_metadata_key_that_no_customer_carries(report: Report) -> None:
    assert ids(report, ("metadata.gone", "known", "")) == set()
    asked_for = urlencode({"where": where(("metadata.gone", "known", ""))})
    assert "gone is known" in report.page(f"{ALL}?{asked_for}")


@pytest.mark.parametrize("text", ["SCRIPT", "alert(1)", "cus_<script"])
def test_search_finds_a_part_of_name_or_id(report: Report, text: str) -> None:
    assert {row["account_id"] for row in rows(report, search=text)} == {"script"}


def test_the_form_leads_to_an_address_that_can_be_sent(report: Report) -> None:
    given = {"field": "lifecycle_status", "operator": "is", "value": "trial"}
    answer = report.client.get(ALL, params={"search": "a", **given})
    assert answer.status_code == 303
    to = answer.headers["location"]
    assert "search=a" in to
    assert "where=" in to
    assert "Lifecycle status is trial" in report.page(to)


TRIAL = {"field": "lifecycle_status", "operator": "is", "value": "trial"}
RICH = {"field": "all_mrr_normalized", "operator": "over", "value": "50"}
YEARLY = {"field": "subscription_interval", "operator": "is", "value": "year"}


def led(report: Report, address: str, **given: str) -> str:
    """Where the form of a filter leads to."""
    answer = report.client.get(httpx.URL(address).copy_merge_params(given))
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def asked(address: str) -> Any:
    return json.loads(httpx.URL(address).params["where"])


def link(report: Report, address: str, text: str) -> str:
    """Where a link of the page leads to, by its text."""
    found = re.search(rf'href="([^"]+)"[^>]*>{re.escape(text)}', report.page(address))
    assert found, text
    return html.unescape(found[1])


def test_groups_are_built_and_taken_apart_without_script(report: Report) -> None:
    address = led(report, ALL, **RICH)
    address = led(report, address, **TRIAL, into="new")
    address = led(report, address, **YEARLY, into="1")
    assert asked(address) == [RICH, {"any": [TRIAL, YEARLY]}]
    kept = (
        "all_mrr_normalized > 50 and (lifecycle_status = 'trial' or subscription_interval = 'year')"
    )
    assert {row["account_id"] for row in report.json(address)} == expected(report, kept)
    address = link(report, address, "One of these holds instead")
    assert asked(address) == {"any": [RICH, {"any": [TRIAL, YEARLY]}]}
    address = link(report, address, "Lifecycle status is trial")
    address = link(report, address, "Subscription interval is year")
    assert asked(address) == {"any": [RICH]}
    assert link(report, address, "MRR is more than 50") == ALL


def test_a_deep_tree_is_kept_when_a_condition_is_added(report: Report) -> None:
    below: list[Any] = [YEARLY, RICH]
    deep = {"any": [{"all": [RICH, {"any": [TRIAL, {"all": below}]}]}, TRIAL]}
    address = led(report, f"{ALL}?{urlencode({'where': json.dumps(deep)})}", **YEARLY, into="0.1.1")
    below.append(YEARLY)
    assert asked(address) == deep
    assert report.page(address).count("Subscription interval is year") > 1


@pytest.mark.parametrize("into", ["7", "0", "0.0", "x", "-1", "1" * 5000])
def test_a_group_that_is_not_there_is_told(report: Report, into: str) -> None:
    given = {"where": json.dumps([RICH]), **TRIAL, "into": into}
    assert report.client.get(ALL, params=given).status_code == 400


@pytest.mark.parametrize(
    "text",
    [
        "[",
        "{}",
        '[{"field": 1}]',
        '[{"nonsense": "x"}]',
        where(("nothing", "is", "x")),
        where(("name", "over", "x")),
        where(("all_mrr_normalized", "over", "many")),
        where(("all_mrr_normalized", "over", "NaN")),
        where(("created", "before", "yesterday")),
        where(("created", "next_days", "1e9")),
        where(("created", "before_field", "name")),
        where(*[("name", "known", "")] * 51),
        "[" * 5_000,
        json.dumps({"all": [], "any": []}),
        json.dumps({"any": [{"field": "name", "operator": "known"}], "field": "name"}),
    ],
)
def test_a_filter_that_cannot_be_read_says_so(report: Report, text: str) -> None:
    answer = report.client.get(ALL, params={"where": text})
    assert answer.status_code == 400
    assert "This address cannot be read" in answer.text


def test_no_sql_comes_from_the_address(report: Report) -> None:
    [(count,)] = report.sql("select count(*) from accounts")
    harm = "x'; drop table accounts; --"
    assert ids(report, ("name", "is", harm)) == set()
    assert len(rows(report, sort=harm, column=[harm], order=harm)) == count
    assert report.client.get(ALL, params={"where": where((harm, "is", "x"))}).status_code == 400


def test_sorted_by_an_amount_currencies_stay_apart(report: Report) -> None:
    shown = [row["all_mrr_currency"] for row in rows(report, sort="all_mrr_normalized")]
    seen = list(dict.fromkeys(shown))
    assert shown == sorted(shown, key=seen.index)
    assert seen[-1] == ""  # who pays nothing comes last


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_sorted_by_name(report: Report, order: str) -> None:
    names = [row["name"] for row in rows(report, sort="name", order=order)]
    kept = report.sql(f"select name from accounts order by name {order} nulls last, account_id")
    assert names == [name or "" if name != FORMULA else f"'{FORMULA}" for (name,) in kept]


def test_pages_follow_each_other(report: Report) -> None:
    [(count,)] = report.sql("select count(*) from accounts")
    assert f"Page 2 of {-(-count // 50)}" in report.page(f"{ALL}?page=2")
    assert "No account fulfils" in report.page(f"{ALL}?page=9999")


def test_a_name_is_text_on_every_page(report: Report) -> None:
    page = report.page(f"{ALL}?search=script")
    assert SCRIPT not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_a_spreadsheet_runs_no_cell(report: Report) -> None:
    assert [row["name"] for row in rows(report, search="cmd()")] == [f"'{FORMULA}"]
