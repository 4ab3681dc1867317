"""A store that cannot be used is one clear line with a remedy, and never a password."""

import os
import re
import resource
import sqlite3
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from reverse_sync.stores import sqlite_store
from reverse_sync.stores.account_store import (
    AccountStoreError,
    AccountWrite,
    InvalidAccountStoreUrl,
)
from reverse_sync.stores.target import Target
from reverse_sync.stores.url import check, opened
from reverse_sync.values.lifecycle import Lifecycle

SECRET = "s3cr/t#p@ss"
ENCODED = "s3cr%2Ft%23p%40ss"
BIG = AccountWrite(
    account_id="a",
    name=None,
    set={"stripe.text": "x" * 1_000_000},
    unset=(),
    lifecycle=Lifecycle(),
    version=1,
    at=datetime(2025, 6, 15, tzinfo=UTC),
)


def complaint(url: str) -> str:
    with pytest.raises(AccountStoreError) as caught:
        check(Target(url))
    text = str(caught.value)
    assert "\n" not in text
    assert SECRET not in text
    assert ENCODED not in text
    assert "s3cr" not in text
    return text


@pytest.mark.parametrize(
    "url",
    [
        "",
        "accounts.db",
        "mysql://user:s3cr@host/db",
        "s3cr",
        "sqlite://accounts.db",
        "sqlite:///",
        "sqlite:///:memory:",
        "postgresql://",
        f"postgresql://user:{SECRET}@host/db",
        "postgresql://user:12/s3cr@host/db",
        "postgresql://user:p@s3cr@host/db",
        f"postgresql://user:{ENCODED}@host:port/db",
        f"postgresql://user:{ENCODED}@[::1/db",
        f"postgresql://user:{ENCODED}@host",
    ],
)
def test_a_url_that_names_no_store_is_wrong_usage(url: str) -> None:
    with pytest.raises(InvalidAccountStoreUrl, match="ACCOUNT_STORE_URL"):
        check(Target(url))
    assert "sqlite:///path" in complaint(url)


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("http://example.com/hook/s3cr", "this machine alone"),
        ("https://user:s3cr@example.com/hook", "ACCOUNT_STORE_SECRET"),
        ("https:///hook?token=s3cr", "no address"),
        ("https://example.com:port/s3cr", "no address"),
        ("https://example.com/s3cr#here", "no address"),
        ("https://example.com/s3cr hook", "no address"),
        ("vitally://s3cr@acme", "ACCOUNT_STORE_SECRET"),
        ("vitally://acme/s3cr", "follows the host"),
        ("vitally://", "no address"),
        ("hubspot://s3cr@api.hubapi.com", "ACCOUNT_STORE_SECRET"),
        ("hubspot://api.hubapi.com/s3cr", "follows the host"),
        ("hubspot://api.hubapi.com?key=s3cr", "?id=PROPERTY"),
        ("hubspot://api.hubapi.com?id=S3cr", "?id=PROPERTY"),
        ("intercom://api.intercom.io?key=s3cr", "follows the host"),
        ("segment://", "no address"),
        ("segment://s3cr@api.segment.io", "ACCOUNT_STORE_SECRET"),
        ("segment://api.segment.io?key=s3cr", "follows the path"),
    ],
)
def test_an_address_of_a_server_is_judged_without_showing_it(url: str, what: str) -> None:
    with pytest.raises(InvalidAccountStoreUrl, match="ACCOUNT_STORE_URL"):
        check(Target(url, secret="k"))
    assert what in complaint(url)


@pytest.mark.parametrize("secret", [None, "", "two words", "line\nend", "schlüssel"])
@pytest.mark.parametrize(
    "url", ["https://example.com/h", "vitally://a", "segment://a.io", "hubspot://a.io"]
)
def test_a_server_needs_a_secret_that_fits_into_a_header(
    url: str, secret: str | None, tmp_path: Path
) -> None:
    with pytest.raises(InvalidAccountStoreUrl, match="ACCOUNT_STORE_SECRET") as caught:
        check(Target(url, secret=secret, folder=tmp_path))
    assert secret is None or secret == "" or secret not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://user:{ENCODED}@127.0.0.1:1/db",
        f"postgresql://127.0.0.1:1/db?user=u&password={ENCODED}",
        f"postgresql:///db?host=/nowhere&password={ENCODED}",
        f"postgresql://user:{ENCODED}@127.0.0.1:1/db?wrong_option=1",
        "postgresql://user:s3cr%zz@127.0.0.1:1/db",
    ],
)
def test_an_unreachable_postgres_is_named_without_its_password(url: str) -> None:
    text = complaint(url)
    assert "/db" in text
    assert "cannot be reached" in text or "Postgres refuses" in text


def test_a_password_that_the_server_refuses_is_not_shown(postgres_url: str) -> None:
    url = postgres_url.replace("postgres:@", f"nobody:{ENCODED}@")
    assert url != postgres_url
    assert "nobody" in complaint(url)


def test_a_database_without_an_encoding_gives_text_as_any_other(postgres_url: str) -> None:
    """initdb makes it so where no locale is set; psycopg would give bytes of it."""
    name = f"ascii_{uuid4().hex}"
    given = f"create database {name} encoding 'SQL_ASCII' template template0 locale 'C'"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(given)
        try:
            url = re.sub("test_[0-9a-f]{32}", name, postgres_url)
            with opened(Target(url)) as store:
                store.write([replace(BIG, name="Bäckerei", set={"stripe.text": "ü"})])
                [held] = store.read(["a"]).values()
        finally:
            connection.execute(f"drop database {name} with (force)")
    assert (held.name, held.traits) == ("Bäckerei", {"stripe.text": "ü"})


def test_a_read_only_postgres_is_refused(postgres_url: str) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        name = sql.Identifier(connection.info.dbname)
        connection.execute(
            sql.SQL("alter database {} set default_transaction_read_only = on").format(name)
        )
    assert "read-only" in complaint(postgres_url)


def test_another_applications_tables_are_left_alone(postgres_url: str, tmp_path: Path) -> None:
    with psycopg.connect(postgres_url) as connection:
        connection.execute("create table accounts (id int, email text)")
    with sqlite3.connect(tmp_path / "a.db") as other:
        other.execute("create table accounts (id int, email text)")
    for url in (postgres_url, f"sqlite:///{tmp_path}/a.db"):
        assert "table accounts lacks account_id, name" in complaint(url)
        with pytest.raises(AccountStoreError, match="another application"), opened(Target(url)):
            pass


def test_a_sqlite_file_is_made_private_and_only_when_opened(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/accounts.db"
    check(Target(url))
    assert not (tmp_path / "accounts.db").exists()
    with opened(Target(url)) as store:
        store.highest_version()
        for path in tmp_path.iterdir():
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert "accounts.db-wal" in {path.name for path in tmp_path.iterdir()}


def test_a_relative_sqlite_path_has_three_slashes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    with opened(Target("sqlite:///data/accounts.db")):
        assert (tmp_path / "data/accounts.db").is_file()


def test_a_sqlite_file_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("no database at all, only a text of some length" * 99)
    assert "no SQLite database" in complaint(f"sqlite:///{tmp_path}/text.db")
    assert "cannot be opened" in complaint(f"sqlite:///{tmp_path}")
    assert "missing or not writable" in complaint(f"sqlite:///{tmp_path}/missing/a.db")


def test_a_locked_sqlite_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_store, "LOCK_WAIT_SECONDS", 0.1)
    url = f"sqlite:///{tmp_path}/a.db"
    with opened(Target(url)):
        pass
    other = sqlite3.connect(tmp_path / "a.db", isolation_level=None)
    other.execute("begin immediate")
    assert "another process holds its lock" in complaint(url)
    other.close()


@contextmanager
def unprivileged() -> Iterator[None]:
    """As somebody whom file modes bind, root too."""
    me = os.geteuid()
    if me == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(me)


def test_a_read_only_sqlite_file_is_named() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with opened(Target(f"sqlite:///{folder}/a.db")):
            pass
        (folder / "a.db").chmod(0o444)
        folder.chmod(0o555)
        with unprivileged():
            text = complaint(f"sqlite:///{folder}/a.db")
        folder.chmod(0o755)
    assert "read-only" in text or "cannot be opened" in text


def test_a_full_disk_is_named_and_loses_nothing(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with opened(Target(f"sqlite:///{tmp_path}/a.db")) as store:
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, hard))
        try:
            with pytest.raises(AccountStoreError, match=r"disk .* Nothing is lost"):
                store.write([BIG])
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert store.read(["a"]) == {}
        assert store.write([BIG]).accepted == {"a"}
