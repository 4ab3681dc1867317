"""Who may ask the report, and what a browser may do with the answer."""

import re
from pathlib import Path

import httpx
import pytest
from report_world import Report, reported

from report.pages import PAGES
from report.serving.security import Rules, rules

TOKEN = "a-token-that-is-long"
SCRIPTS = {f"/static/{name}.js" for name in ("echarts.min", "charts", "forms", "news")}
BEYOND = rules("0.0.0.0", ["report.example.com"], TOKEN)


@pytest.mark.parametrize("page", [page.path for page in PAGES] + ["/static/report.css", "/nothing"])
def test_every_answer_has_the_headers(report: Report, page: str) -> None:
    headers = report.client.get(page).headers
    assert headers["content-security-policy"].startswith("default-src 'self';")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == ("no-cache" if "static" in page else "no-store")


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", ""])
def test_a_foreign_host_is_refused(report: Report, host: str) -> None:
    assert report.client.get("/accounts", headers={"host": host}).status_code == 421


@pytest.mark.parametrize("host", ["localhost:4000", "127.0.0.1", "[::1]:4000", "LOCALHOST"])
def test_this_machine_is_no_foreign_host(report: Report, host: str) -> None:
    assert report.client.get("/", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_nothing_is_written(report: Report, method: str) -> None:
    assert report.client.request(method, "/accounts").status_code == 405


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/static/..%2fapp.py",
        "/static//etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/static/....//app.py",
    ],
)
def test_a_path_with_dots_leads_nowhere(report: Report, path: str) -> None:
    answer = report.client.send(
        httpx.Request("GET", report.client.base_url.copy_with(raw_path=path.encode()))
    )
    assert answer.status_code == 404


def test_no_page_holds_script_or_style_of_its_own(report: Report) -> None:
    for page in PAGES:
        text = report.page(page.path)
        assert "<style" not in text, page
        assert "style=" not in text, page
        assert text.count("<script") == text.count("<script src="), page
        assert set(re.findall(r'src="([^"]*)"', text)) <= SCRIPTS, page


def test_beyond_this_machine_the_token_is_asked_for(published_business: Path) -> None:
    with reported(published_business, BEYOND) as report:
        assert report.client.get("/").status_code == 401
        assert report.client.get("/static/report.css").status_code == 401
        assert report.client.get("/?token=wrong").status_code == 401
        assert report.client.get("/", headers={"cookie": "report_token=wrong"}).status_code == 401
        welcome = report.client.get(f"/accounts?search=a&token={TOKEN}")
        assert welcome.status_code == 303
        assert welcome.headers["location"] == "/accounts?search=a"
        assert "httponly" in welcome.headers["set-cookie"].lower()
        assert report.client.get("/").status_code == 200  # the cookie came with it


def test_a_name_of_the_proxy_is_ours(published_business: Path) -> None:
    with reported(published_business, BEYOND) as report:
        mine = {"host": "report.example.com", "cookie": f"report_token={TOKEN}"}
        assert report.client.get("/", headers=mine).status_code == 200


def test_the_token_leads_to_no_other_site(published_business: Path) -> None:
    with reported(published_business, BEYOND) as report:
        answer = report.client.get(f"//evil.example/?token={TOKEN}")
        assert not answer.headers.get("location", "/").startswith("//")


def test_only_loopback_goes_without_a_token() -> None:
    assert rules("127.0.0.1") == rules("localhost") == Rules()
    assert rules("0.0.0.0").token
    assert rules("127.0.0.1", ["report.example.com"]).token
    assert rules("0.0.0.0").token != rules("0.0.0.0").token


def test_health_asks_for_no_token_and_says_nothing_of_anybody(report: Report) -> None:
    with reported(report.marts, BEYOND) as beyond:
        assert beyond.client.get("/accounts").status_code == 401
        assert beyond.client.get("/health").json() == {"ok": True}
        assert beyond.client.get("/health", headers={"host": "evil.example"}).status_code == 421
