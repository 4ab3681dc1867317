"""The published copy as the report reads it: reopened, read-only, within limits."""

import shutil
import threading
from pathlib import Path

import duckdb
import pytest
from report_world import reported

from report import limited
from report.limited import TooSlow
from report.published import Published


@pytest.fixture
def marts(published_business: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(published_business, tmp_path / "marts.duckdb"))


def replaced(marts: Path, change: str) -> None:
    """As a publication does it: another file takes the place."""
    fresh = marts.with_suffix(".tmp")
    shutil.copy(marts, fresh)
    with duckdb.connect(str(fresh)) as database:
        database.execute(change)
    fresh.replace(marts)


def test_the_next_page_shows_the_new_build(marts: Path) -> None:
    with reported(marts) as report:
        assert "brandnew" not in report.page("/")
        replaced(marts, "update publication.build set id = 'brandnew'")
        assert "brandnew" in report.page("/")
        assert report.page("/build") == "brandnew"


def test_who_reads_the_old_copy_reads_it_to_the_end(marts: Path) -> None:
    copies = Published(marts)
    with copies.copy().asked("select account_id from accounts") as answer:
        first = next(answer.batches)
        replaced(marts, "delete from accounts")
        assert copies.copy().rows("select count(*) as n from accounts") == [{"n": 0}]
        assert len(first) + sum(map(len, answer.batches)) > 100


def test_nothing_published_says_what_to_type(tmp_path: Path) -> None:
    with reported(tmp_path / "marts.duckdb") as report:
        answer = report.client.get("/accounts")
        assert answer.status_code == 503
        assert "stripe-traits sync" in answer.text


def test_it_comes_once_it_is_published(published_business: Path, tmp_path: Path) -> None:
    with reported(tmp_path / "marts.duckdb") as report:
        assert report.client.get("/").status_code == 503
        shutil.copy(published_business, tmp_path / "marts.duckdb")
        assert report.client.get("/").status_code == 200


@pytest.mark.parametrize("form", ["", "&format=csv", "&format=json"])
def test_an_older_copy_says_what_to_type(marts: Path, form: str) -> None:
    replaced(marts, "drop table mrr_movements_by_month")
    with reported(marts) as report:
        answer = report.client.get(f"/?currency=usd{form}")
        assert answer.status_code == 503
        assert "stripe-traits sync" in answer.text


def test_a_broken_file_is_no_published_copy(tmp_path: Path) -> None:
    (tmp_path / "marts.duckdb").write_bytes(b"no database")
    with reported(tmp_path / "marts.duckdb") as report:
        assert report.client.get("/").status_code == 503


@pytest.mark.parametrize(
    "statement",
    [
        "create table t (n int)",
        "delete from published.accounts",
        "select * from read_csv('/etc/passwd')",
        "attach '/tmp/other.duckdb'",
        "copy (select 1) to '/tmp/out.csv'",
        "set enable_external_access = true",
        "install httpfs",
    ],
)
def test_a_question_can_only_read_the_copy(marts: Path, statement: str) -> None:
    with pytest.raises(duckdb.Error):
        Published(marts).copy().rows(statement)


def test_a_question_ends_at_its_limit(marts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limited, "SECONDS", 0.2)
    with pytest.raises(TooSlow):
        Published(marts).copy().rows(
            "select sum(a.i * b.i) from range(10000000) a(i), range(1000000) b(i)"
        )


def test_several_ask_at_once(marts: Path) -> None:
    with reported(marts) as report:
        wanted = report.page("/accounts")
        found: list[str] = []
        threads = [
            threading.Thread(target=lambda: found.append(report.page("/accounts")))
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert found == [wanted] * 8
