"""Amounts of the SQLite store that its own SQL can add and compare: whole thousandths."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from reverse_sync.stores.sqlite_store import SqliteStore

ROW = "insert into accounts values (?, null, '{}', null, null, null, null, null, ?, 1, '', '')"


@pytest.mark.parametrize(
    ("mrr", "thousandths"),
    [
        ("47.85", 47_850),
        ("50", 50_000),
        ("0.5", 500),
        ("-0.05", -50),
        ("21.756", 21_756),
        ("0", 0),
        ("999999999999999.999", None),  # no room; the text has it
        ("99999999999999.999", 99_999_999_999_999_999),
        ("0.0125", None),  # finer than any currency
        (None, None),
    ],
)
def test_mrr_in_thousandths_is_the_text_s(
    tmp_path: Path, mrr: str | None, thousandths: int | None
) -> None:
    path = tmp_path / "accounts.db"
    SqliteStore(path, label="sqlite").close()
    with closing(sqlite3.connect(path)) as store:
        store.execute(ROW, ("a", mrr))
        [found] = store.execute(
            "select mrr, mrr_thousandths, typeof(mrr_thousandths) from account_mrr"
        )
    assert found == (mrr, thousandths, "null" if thousandths is None else "integer")


def test_a_store_of_an_earlier_version_gets_the_view(tmp_path: Path) -> None:
    path = tmp_path / "accounts.db"
    SqliteStore(path, label="sqlite").close()
    with closing(sqlite3.connect(path)) as store:
        store.execute("drop view account_mrr")
    SqliteStore(path, label="sqlite").close()
    with closing(sqlite3.connect(path)) as store:
        assert store.execute("select count(*) from account_mrr").fetchone() == (0,)
