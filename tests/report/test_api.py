"""The JSON for programs: the pages' own figures, page by page, with errors of one line."""

from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from report_world import SCRIPT, Report, reported

from report.serving.security import rules

TOKEN = "a-token-that-is-long"


def asked(report: Report, address: str) -> dict[str, Any]:
    found = report.client.get(address)
    assert found.status_code == 200, (address, found.text)
    assert found.headers["content-type"] == "application/json"
    data: dict[str, Any] = found.json()
    return data


def pages(report: Report, address: str, rows: str) -> list[dict[str, Any]]:
    """All rows, a few at a time."""
    found, cursor = [], ""
    while True:
        answer = asked(report, f"{address}{'&' if '?' in address else '?'}limit=37{cursor}")
        assert len(answer[rows]) <= 37
        found += answer[rows]
        if answer["next_cursor"] is None:
            return found
        cursor = f"&cursor={answer['next_cursor']}"


def test_every_answer_names_the_build_that_it_is_of(report: Report) -> None:
    [(build, as_of)] = report.sql("select id, as_of from publication.build")
    listed = asked(report, "/api")["resources"]
    assert [one["path"] for one in listed] == [
        "/api/accounts",
        "/api/accounts/{id}",
        "/api/mrr",
        "/api/movements",
        "/api/segments",
        "/api/segments/{name}",
    ]
    for one in listed:
        address = one["path"].replace("{id}", "script").replace("{name}", "paying")
        answer = asked(report, address)
        assert (answer["build"], answer["as_of"]) == (build, f"{as_of.isoformat()}Z"), address


def test_all_accounts_come_once_page_by_page(report: Report) -> None:
    ids = [row[0] for row in report.sql("select account_id from accounts order by account_id")]
    assert [one["account_id"] for one in pages(report, "/api/accounts", "accounts")] == ids
    sorted_by = pages(report, "/api/accounts?sort=created&order=asc", "accounts")
    assert sorted(one["account_id"] for one in sorted_by) == ids
    where = quote('[{"field": "all_mrr_normalized", "operator": "over", "value": "100"}]')
    address = f"/api/accounts?where={where}&column=metadata.account_id&column=all_mrr_normalized"
    big = pages(report, address, "accounts")
    assert all(Decimal(one["all_mrr_normalized"]) > 100 and one["all_mrr_currency"] for one in big)
    [(count,)] = report.sql("select count(*) from accounts where all_mrr_normalized > 100")
    assert len(big) == count > 0


def test_an_account_has_what_its_page_has_and_its_text_stays_text(report: Report) -> None:
    for account in ("script", "../../etc/passwd"):
        found = asked(report, f"/api/accounts/{quote(account, safe='')}")
        assert found["account"]["account_id"] == account
        assert found["breakdown"] == report.json(f"/account?id={quote(account)}&table=breakdown")
        [item] = found["breakdown"]
        assert (Decimal(item["monthly_amount"]), item["currency"]) == (50, "usd")
    assert asked(report, "/api/accounts/script")["account"]["name"] == SCRIPT


def test_mrr_movements_and_segments_are_the_pages(report: Report) -> None:
    mrr = asked(report, "/api/mrr")
    assert mrr["mrr"] == report.json("/?table=mrr")
    assert mrr["by_month"] == report.json("/?table=mrr_by_month")[:100]
    assert asked(report, "/api/movements")["by_month"] == report.json("/movements")
    moved = pages(report, "/api/movements", "accounts")
    assert moved == report.json("/movements?table=accounts")
    [segment] = asked(report, "/api/segments")["segments"]
    assert asked(report, "/api/segments/paying")["segment"] == segment
    members = pages(report, "/api/segments/paying", "accounts")
    assert len({one["account_id"] for one in members}) == len(members) == segment["members"]


@pytest.mark.parametrize(
    ("address", "status", "text"),
    [
        ("/api/accounts/nobody", 404, "there is no account 'nobody'"),
        ("/api/segments/nothing", 404, "there is no segment 'nothing'; there are: paying"),
        ("/api/nothing", 404, "there is no such address: see /api"),
        ("/api/accounts?limit=0", 400, "limit: '0' is no number from 1 to 1,000"),
        ("/api/accounts?limit=1001", 400, "limit: '1001' is no number from 1 to 1,000"),
        ("/api/accounts?cursor=x", 400, "cursor: take 'next_cursor' of the answer before"),
        ("/api/accounts?colum=name", 400, "'colum' is no parameter here; it takes where, search"),
        ("/api/accounts?column=nam", 400, "column and sort: 'nam' is not known; it takes"),
        ("/api/accounts?sort=mrr&order=up", 400, "order: 'up' is not known; it takes asc, desc"),
        ("/api/accounts?where=[1]", 400, "where: write {field"),
        ("/api/mrr?currency=xxx", 400, "currency: 'xxx' is not known; it takes"),
        ("/api/movements?month=2025-06-15", 400, "month: '2025-06-15' is no month"),
        ("/api/movements?month=june", 400, "month: 'june' is no month; write its first day"),
    ],
)
def test_an_error_is_one_line_of_json(report: Report, address: str, status: int, text: str) -> None:
    found = report.client.get(address)
    assert found.status_code == status
    assert found.json().keys() == {"error"}
    assert found.json()["error"].startswith(text)
    assert "\n" not in found.json()["error"]


def test_a_program_sends_the_token_in_a_header(published_business: Path) -> None:
    with reported(published_business, rules("0.0.0.0", [], TOKEN)) as beyond:
        refused = beyond.client.get("/api/mrr")
        assert (refused.status_code, [*refused.json()]) == (401, ["error"])
        wrong = beyond.client.get("/api/mrr", headers={"Authorization": "Bearer wrong"})
        assert wrong.status_code == 401
        mine = {"Authorization": f"Bearer {TOKEN}"}
        assert beyond.client.get("/api/mrr", headers=mine).status_code == 200
        assert beyond.client.post("/api/mrr", headers=mine).json()["error"].startswith("The report")
        foreign = beyond.client.get("/api/mrr", headers={**mine, "host": "evil.example"})
        assert (foreign.status_code, [*foreign.json()]) == (421, ["error"])


def test_nothing_published_is_503(tmp_path: Path) -> None:
    with reported(tmp_path / "marts.duckdb") as empty:
        found = empty.client.get("/api/mrr")
        assert (found.status_code, "run stripe-traits sync" in found.json()["error"]) == (503, True)
