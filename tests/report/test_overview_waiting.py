"""Overview: what waits, and how old the figures are."""

import shutil
from pathlib import Path

import duckdb
from report_world import Report, reported


def changed(published: Path, folder: Path, *statements: str) -> Path:
    marts = Path(shutil.copy(published, folder / "marts.duckdb"))
    with duckdb.connect(str(marts)) as database:
        for statement in statements:
            database.execute(statement)
    return marts


def test_what_waits_is_counted_by_account(published_business: Path, tmp_path: Path) -> None:
    waiting = (
        "insert into sync_invalid (account_id, reason) values ('a', 'x'), ('a', 'y'), ('b', 'x')"
    )
    with reported(changed(published_business, tmp_path, waiting)) as report:
        assert report.json("/?table=waiting") == [
            {"what": "accounts were kept out of the delivery", "how_many": 2, "page": "/quality"}
        ]
        assert {row["why"] for row in report.json("/quality?table=kept_back")} == {"x", "y"}


def test_figures_that_are_old_say_so(published_business: Path, tmp_path: Path) -> None:
    old = "update publication.build set published_at = timestamp '2025-01-01'"
    with reported(changed(published_business, tmp_path, old)) as report:
        assert "Not refreshed for" in report.page("/accounts")


def test_fresh_figures_say_nothing(report: Report) -> None:
    assert "Not refreshed for" not in report.page("/accounts")


def test_before_the_first_delivery_there_is_nothing_of_it(
    published_business: Path, tmp_path: Path
) -> None:
    tables = ["runs", "changelog", "snapshot", "invalid", "drift", "backlog"]
    drop = [f"drop table sync_{name}" for name in tables] + ["drop table dead_letters"]
    with reported(changed(published_business, tmp_path, *drop)) as report:
        assert "deliveries" not in report.page("/")
        assert "What was sent" not in report.page("/account?id=script")
        assert "Not in the account store" not in report.page("/quality")
