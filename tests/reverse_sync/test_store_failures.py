"""Stores that fail: one line with the remedy, nothing lost, and the next run goes on."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from reverse_sync_world import World

from reverse_sync import AccountStoreError
from reverse_sync.stores import sqlite_store

TRAITS: dict[str, Any] = {"stripe.mrr": 50, "stripe.currentSubscriptionStatus": "active"}
CHANGED = {**TRAITS, "stripe.mrr": 60}
LATE_ROWS_FAIL = """
    create function full_disk() returns trigger language plpgsql as $$
        begin raise exception 'could not extend file' using errcode = 'disk_full'; end $$;
    create trigger full_disk before insert or update on accounts for each row
        when (new.account_id > 'a5') execute function full_disk();
"""


@dataclass(frozen=True)
class Ill:
    """How a store is broken and mended, as SQL at the store; what is said about it."""

    broken: str
    mended: str
    said: str


# Of the database itself, from another one.
POSTGRES = {
    "down": Ill(
        'alter database "{name}" rename to "{name}_away"',
        'alter database "{name}_away" rename to "{name}"',
        "cannot be reached; check that it runs",
    ),
    "read-only": Ill(
        'alter database "{name}" set default_transaction_read_only = on',
        'alter database "{name}" reset default_transaction_read_only',
        "it is read-only; point ACCOUNT_STORE_URL at the primary",
    ),
    "full": Ill(
        LATE_ROWS_FAIL,
        "drop trigger full_disk on accounts; drop function full_disk",
        "its disk is full; free some space",
    ),
    "older": Ill(
        "alter table accounts drop column renewal_at",
        "alter table accounts add column renewal_at timestamptz",
        "table accounts lacks renewal_at, so it belongs to another application or version",
    ),
    "newer": Ill(
        "alter table accounts add column tenant text not null default 'x';"
        "alter table accounts alter column tenant drop default",
        "alter table accounts alter column tenant set default 'x'",
        "table accounts wants tenant in each row, so it belongs to another application or version",
    ),
    "with more than ours": Ill("alter table accounts add column tenant text", "select 1", ""),
}
SQLITE = {
    "older": Ill(
        "alter table accounts drop column renewal_at",
        "alter table accounts add column renewal_at text",
        POSTGRES["older"].said,
    ),
    "newer": Ill(
        "alter table accounts rename to kept;"
        "create table accounts (tenant text not null, {columns})",
        "drop table accounts; alter table kept rename to accounts",
        POSTGRES["newer"].said,
    ),
    "with more than ours": Ill(
        "alter table accounts add column tenant text not null default 'x'", "select 1", ""
    ),
}


def failing(world: World, said: str) -> None:
    """A sync that fails, says so in one line, and forgets nothing."""
    with pytest.raises(AccountStoreError) as caught:
        world.sync()
    text = str(caught.value)
    assert said in text
    assert "othing is lost" in text or "create it" in text
    assert "\n" not in text
    assert world.state("select count(*) from sync.sync_snapshot where traits like '%:60}'") == [
        (0,)
    ]


def tell(world: World, said: str, *, breaks: Callable[[], None], mends: Callable[[], None]) -> None:
    """Ten accounts are there, then the store breaks, and all change and one comes."""
    world.publish({f"a{i}": TRAITS for i in range(10)})
    assert world.sync().creates == 10
    breaks()
    now = {f"a{i}": CHANGED for i in range(10)} | {"new": TRAITS}
    world.publish(now)
    if said:
        failing(world, said)
        failing(world, said)
    mends()
    result = world.sync()
    assert (result.acknowledged, result.rejected, result.pending) == (11, 0, 0)
    assert world.traits() == now
    assert world.sync().sent == 0
    assert world.state("select count(*) from sync.dead_letters") == [(0,)]


@pytest.mark.parametrize("name", POSTGRES)
def test_postgres(tmp_path: Path, postgres_url: str, name: str) -> None:
    ill, database = POSTGRES[name], psycopg.conninfo.conninfo_to_dict(postgres_url)["dbname"]
    admin = postgres_url.replace(f"/{database}", "/postgres")

    def at(statements: str) -> None:
        url = admin if statements.startswith("alter database") else postgres_url
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(statements.replace("{name}", str(database)).encode())

    world = World(tmp_path, postgres_url)
    tell(world, ill.said, breaks=lambda: at(ill.broken), mends=lambda: at(ill.mended))


@pytest.mark.parametrize("name", SQLITE)
def test_sqlite(tmp_path: Path, name: str) -> None:
    ill, path = SQLITE[name], tmp_path / "accounts.db"

    def at(statements: str) -> None:
        with sqlite3.connect(path) as connection:
            rows = connection.execute("pragma table_info(accounts)").fetchall()
            columns = ", ".join(f"{row[1]} {row[2]}" for row in rows)
            connection.executescript(statements.replace("{columns}", columns))

    world = World(tmp_path, f"sqlite:///{path}")
    tell(world, ill.said, breaks=lambda: at(ill.broken), mends=lambda: at(ill.mended))


def test_sqlite_whose_folder_is_gone_for_a_while(tmp_path: Path) -> None:
    folder, away = tmp_path / "store", tmp_path / "away"
    folder.mkdir()
    world = World(tmp_path, f"sqlite:///{folder}/accounts.db")
    tell(
        world,
        f"the folder {folder} is missing or not writable; create it or change ACCOUNT_STORE_URL",
        breaks=lambda: folder.rename(away) and None,
        mends=lambda: away.rename(folder) and None,
    )


def test_sqlite_that_may_only_be_read(tmp_path: Path) -> None:
    path = tmp_path / "accounts.db"

    def may_be_written(version: int) -> None:
        """The header's write version: what SQLite does not know it only reads, root too."""
        with sqlite3.connect(path) as connection:
            connection.execute("pragma journal_mode = delete")
        with path.open("r+b") as file:
            file.seek(18)
            file.write(bytes([version]))

    tell(
        World(tmp_path, f"sqlite:///{path}"),
        "it is read-only; make the file and its folder writable",
        breaks=lambda: may_be_written(3),
        mends=lambda: may_be_written(1),
    )


def test_sqlite_without_space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connect = sqlite_store._connect

    def small(path: Path) -> sqlite3.Connection:
        connection = connect(path)
        (pages,) = connection.execute("pragma page_count").fetchone()
        connection.execute(f"pragma max_page_count = {pages}")
        return connection

    long = {"stripe.plan": "x" * 5_000}
    world = World(tmp_path, f"sqlite:///{tmp_path}/accounts.db")
    monkeypatch.setitem(CHANGED, *next(iter(long.items())))
    tell(
        world,
        "the disk is full; free some space",
        breaks=lambda: monkeypatch.setattr(sqlite_store, "_connect", small),
        mends=lambda: monkeypatch.setattr(sqlite_store, "_connect", connect),
    )
