"""An account: each value, how its MRR is made, what was sent."""

import re
from decimal import Decimal
from html import unescape

from report_world import QUOTED, SCRIPT, Report

DOTS = "../../etc/passwd"


def most_items(report: Report) -> str:
    [(account,)] = report.sql(
        "select account_id from multi_subscription_traits where all_mrr_normalized > 0"
        " order by len(subscription_ids) desc, account_id limit 1"
    )
    return str(account)


def test_mrr_item_by_item_adds_up_to_the_trait(report: Report) -> None:
    accounts = report.sql(
        "select account_id, all_mrr_normalized from multi_subscription_traits"
        " where all_mrr_normalized > 0 order by account_id limit 12"
    )
    assert accounts
    for account, mrr in accounts:
        steps = report.json(f"/account?id={account}&table=breakdown")
        assert round(sum(Decimal(step["monthly_amount"]) for step in steps), 2) == round(mrr, 2)


def test_every_value_links_to_its_source_rows(report: Report) -> None:
    page = unescape(report.page(f"/account?id={most_items(report)}"))
    ids = set(re.findall(r'id="([^"]+)"', page))
    to = {target.partition("#")[2] for target in re.findall(r'href="(#[^"]+)"', page)}
    assert {"subscriptions", "invoices", "breakdown"} <= to
    assert {one for one in to if not one.startswith("in_")} <= ids | {"content"}


def test_it_shows_each_published_value(report: Report) -> None:
    account = most_items(report)
    [row] = report.json(f"/account?id={account}&table=traits")
    [(email, mrr)] = report.sql(
        "select email, all_mrr_normalized::varchar from accounts where account_id = ?", account
    )
    assert (row["email"], row["all_mrr_normalized"]) == (email, mrr)
    assert set(row) >= {"subscription_ids", "discount_percent_off", "lifecycle_status"}


def test_what_was_sent_is_what_the_sync_noted(report: Report) -> None:
    account = most_items(report)
    shown = report.json(f"/account?id={account}&table=changes")
    [(count,)] = report.sql("select count(*) from sync_changelog where account_id = ?", account)
    assert len(shown) == count > 0
    assert {row["status"] for row in shown} == {"acknowledged"}


def test_nothing_is_to_be_sent_after_a_delivery(report: Report) -> None:
    assert report.json(f"/account?id={most_items(report)}&table=to_send") == []


def test_names_metadata_and_ids_are_text(report: Report) -> None:
    page = report.page("/account?id=script")
    assert SCRIPT not in page
    assert "&lt;script&gt;" in page
    page = report.page(f"/account?id={DOTS}")
    assert QUOTED in unescape(page)
    assert "dots" in page


def test_an_account_that_does_not_exist_says_so(report: Report) -> None:
    for address in ("/account", "/account?id=", "/account?id=%3Cscript%3E"):
        page = report.page(address)
        assert "There is no such account" in page
        assert "<script>" not in page


def test_links_lead_to_stripe_and_to_the_run(report: Report) -> None:
    page = report.page("/account?id=script")
    assert "https://dashboard.stripe.com/customers/cus_%3Cscript" in page
    [(run,)] = report.sql("select run_id from sync_runs order by version limit 1")
    assert f"http://127.0.0.1:3000/runs/{run}" in page
