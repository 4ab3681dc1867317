"""Questions of people who know no SQL, answered by following the pages' addresses, beside SQL.

A reader of pages: opens an address, follows a link by its text, fills a form by its labels, takes
the CSV of a table. What is found so is compared with a query of the published copy.
"""

import csv
import html
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from local_stripe import NOW, stripe_in
from pipeline import pipeline_of
from report_world import Report, reported

from sandbox.population import Population, fill

NAMES = ("usd", "eur", "jpy")


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator["Reader"]:
    """The demo's business, smaller, in a report of its own."""
    folder = tmp_path_factory.mktemp("questions")
    with pytest.MonkeyPatch.context() as environment, stripe_in(folder) as stripe:
        fill(stripe.store, Population(1_000, 1, NOW))
        business = pipeline_of(stripe, environment)
        business.set(ACCOUNT_ID_METADATA_KEY="account_id", MULTIPLE_SUBSCRIPTIONS="true")
        business.refresh()
        marts: Path = business.settings.marts
        with reported(marts) as report:
            yield Reader(report)


@dataclass
class Reader:
    """Somebody who looks at one page after the other."""

    report: Report
    address: str = "/"
    text: str = ""

    def open(self, address: str) -> "Reader":
        answer = self.report.client.get(address, follow_redirects=True)
        assert answer.status_code == 200, answer.text
        self.address, self.text = str(answer.url), answer.text
        return self

    def follow(self, words: str, *, within: str | None = None) -> "Reader":
        """The first link of these words, in a part of the page."""
        return self.open(_link(self.part(within), words))

    def part(self, name: str | None) -> str:
        if name is None:
            return self.text
        found = re.search(rf'<section class="card" id="{name}">.*?</section>', self.text, re.DOTALL)
        assert found, f"there is no {name} on {self.address}"
        return found[0]

    def table(self, name: str) -> list[dict[str, str]]:
        """As the page shows it: labels and what stands below them."""
        rows = re.findall(r"<tr.*?</tr>", self.part(name), re.DOTALL)
        cells = [re.findall(r"<t[hd].*?</t[hd]>", row, re.DOTALL) for row in rows]
        labels, *shown = [[_words(cell) for cell in row] for row in cells]
        return [dict(zip(labels, row, strict=True)) for row in shown]

    def file(self, name: str) -> list[dict[str, str]]:
        """The CSV of a table."""
        answer = self.report.client.get(_link(self.part(name), "CSV"))
        assert answer.headers["content-type"].startswith("text/csv")
        return list(csv.DictReader(io.StringIO(answer.text)))

    def filter(self, field: str, condition: str, value: str) -> "Reader":
        """Fill the form of a filter as a browser sends it: by what the lists show."""
        [form] = re.findall(
            r'<form class="filter" action="/accounts">.*?</form>', self.text, re.DOTALL
        )
        hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form)
        given = {name: html.unescape(kept) for name, kept in hidden}
        given |= {"field": _option(form, field), "operator": _option(form, condition)}
        query = self.report.client.build_request(
            "GET", "/accounts", params={**given, "value": value}
        )
        return self.open(str(query.url))

    def sql(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        return self.report.sql(query, *parameters)


def _words(markup: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", markup)).split())


def _link(markup: str, words: str) -> str:
    links = re.findall(r'<a [^>]*?href="([^"]+)"[^>]*>(.*?)</a>', markup, re.DOTALL)
    found = [html.unescape(to) for to, text in links if words in _words(text)]
    assert found, f"no link says {words}"
    return found[0]


def _option(form: str, words: str) -> str:
    found = re.search(rf'<option value="([^"]*)"[^>]*>{re.escape(words)}</option>', form)
    assert found, words
    return html.unescape(found[1])


def amount(shown: str) -> Decimal:
    """`1,234.50 USD`, as a page writes it."""
    return Decimal(shown.split(maxsplit=1)[0].replace(",", ""))


@pytest.mark.parametrize("currency", NAMES)
def test_what_is_mrr_and_why_did_it_move_last_month(asked: Reader, currency: str) -> None:
    now = asked.open("/").table("mrr")
    [row] = [one for one in now if one["MRR at the end"].endswith(currency.upper())]
    [(mrr,)] = asked.sql("select mrr from mrr_now where currency = ?", currency)
    assert amount(row["MRR at the end"]) == mrr
    month, *parts = asked.sql(
        "select month, new_mrr, expansion_mrr, reactivation_mrr, contraction_mrr, churn_mrr,"
        " closing_mrr - opening_mrr from mrr_movements_by_month where currency = ?"
        " order by month desc limit 1 offset 1",
        currency,
    )[0]
    asked.follow("Movements").follow(currency.upper())
    [last] = [one for one in asked.table("by_month") if one["Month"] == f"{month:%b %Y}"]
    named = ("New", "Expansion", "Reactivation", "Contraction", "Churn")
    shown = [amount(last[name]) for name in named]
    assert shown == parts[:5]
    assert sum(shown) == parts[5]
    asked.follow(f"← {month:%b %Y}").follow("churn")
    gone = asked.file("accounts")
    assert sum(Decimal(one["amount"]) for one in gone) == parts[4]


def test_who_churned_and_why(asked: Reader) -> None:
    shown = asked.open("/").follow("Trials and risks").follow("90 days").file("churned")
    reasons = {(one["account_id"], one["churn_reason"], one["churn_comment"]) for one in shown}
    kept = asked.sql(
        "select account_id, coalesce(churn_reason, ''), coalesce(churn_comment, '')"
        " from accounts, publication.build"
        " where churned_at <= as_of and churned_at > as_of - interval 90 days"
    )
    assert reasons == set(kept)
    assert len({reason for _, reason, _ in reasons if reason}) > 1


def test_which_trials_end_this_week(asked: Reader) -> None:
    shown = asked.open("/").follow("Trials and risks").follow("7 days").file("trials")
    [(as_of,)] = asked.sql("select as_of from publication.build")
    kept = asked.sql(
        "select coalesce(account_id, ''), subscription_id from subscriptions"
        " where status = 'trialing' and trial_end >= ? and trial_end < ?",
        as_of,
        as_of + timedelta(days=7),
    )
    assert {(one["account_id"], one["subscription_id"]) for one in shown} == set(kept)
    assert shown


def test_which_yearly_customers_in_germany_pay_much_and_have_a_card_that_expires(
    asked: Reader,
) -> None:
    asked.open("/").follow("Accounts")
    asked.filter("country (metadata)", "is", "DE")
    asked.filter("Subscription interval", "is", "year")
    asked.filter("MRR", "is more than", "100")
    asked.filter("Card expiration", "is before the date of", "Renewal")
    shown = asked.file("accounts")
    kept = asked.sql(
        "select account_id from accounts where metadata['country'] = 'DE'"
        " and subscription_interval = 'year' and all_mrr_normalized > 100"
        " and card_expiration < current_period_end"
    )
    assert {one["account_id"] for one in shown} == {account for (account,) in kept}
    assert len(shown) == len(kept) > 0
