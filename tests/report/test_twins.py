"""Every table of every page has a CSV and a JSON, of the same question."""

import csv
import io
import re
from html import unescape
from pathlib import Path

import pytest
from report_world import Report

from report.page import Page
from report.pages import PAGES

CSV = re.compile(r'href="([^"]+format=csv[^"]*)"')
OF_ONE = {"/account": "?id=script", "/segment": "?name=paying"}
QUERIES = Path(__file__).parents[2] / "report" / "queries"


@pytest.mark.parametrize("page", PAGES, ids=[page.title for page in PAGES])
def test_csv_and_json_say_the_same(report: Report, page: Page) -> None:
    text = report.page(page.path + OF_ONE.get(page.path, ""))
    addresses = [unescape(found) for found in CSV.findall(text)]
    assert addresses, page
    for address in addresses:
        answer = report.client.get(address)
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        assert "attachment" in answer.headers["content-disposition"]
        rows = list(csv.DictReader(io.StringIO(answer.text)))
        twin = report.client.get(address.replace("format=csv", "format=json")).json()
        assert len(rows) == len(twin["rows"]) > 0, address
        assert [list(row) for row in rows[:1]] == [[one["name"] for one in twin["columns"]]]
        for column in twin["columns"]:
            if column["kind"] in ("money", "rate"):
                name = column["name"]
                assert [row[name] for row in rows] == [row[name] or "" for row in twin["rows"]]


@pytest.mark.parametrize("address", ["/?format=xml", "/?format=csv&table=nothing"])
def test_what_is_not_there_says_what_is(report: Report, address: str) -> None:
    answer = report.client.get(address)
    assert answer.status_code == 404
    assert "csv, json" in answer.text
    assert "mrr_by_month" in answer.text


def test_every_query_says_what_it_answers() -> None:
    found = sorted(QUERIES.rglob("*.sql"))
    assert found
    for path in found:
        text = path.read_text()
        assert text.startswith("-- ") or path.stem == "search", path
        assert len(text.splitlines()) <= 60, path
