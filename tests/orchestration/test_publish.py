"""The published copy, with a reader in a process of its own."""

import subprocess
import sys
from contextlib import closing
from pathlib import Path

import duckdb
import pytest
from marts_reader import HOLDS_IT_OPEN, OPENS_IT_AGAIN, Reader

from orchestration.build.scope import BuildKind, BuildScope
from orchestration.publication.marts import published_mode
from orchestration.publication.publish import publish, publish_sync
from orchestration.publication.published_file import Copy

REFRESH = BuildScope(BuildKind.REFRESH, "", 2, None, None, None, "second", "first")
KILLED = """
import duckdb, os, signal, sys
database = duckdb.connect(sys.argv[1])
database.execute("delete from t")
os.kill(os.getpid(), signal.SIGKILL)
"""
LOOK = "select min(generation), max(generation), count(*) from t"


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(path)) as database:
        database.execute("create schema marts; create schema sync")
        database.execute("create table sync.sync_runs (version bigint)")
        database.execute("create table sync.outbox (version bigint)")
        fill(database, 0)
    return path


def fill(database: duckdb.DuckDBPyConnection, generation: int) -> None:
    database.execute(
        f"create or replace table marts.t as select {generation} as generation, i as n"
        " from range(50000) as r (i)"
    )
    database.execute("comment on table marts.t is 'one row a number'")
    database.execute("comment on column marts.t.n is 'the count''s unit: pieces'")


def test_reader_never_sees_an_error_or_half_a_table(warehouse: Path, tmp_path: Path) -> None:
    marts = tmp_path / "marts.duckdb"
    with duckdb.connect(str(warehouse)) as database:
        publish(database, marts)
        holding, opening = Reader(HOLDS_IT_OPEN, marts, LOOK), Reader(OPENS_IT_AGAIN, marts, LOOK)
        assert holding.look() == "0 0 50000"
        for generation in range(1, 11):
            fill(database, generation)
            publish(database, marts)
            assert opening.look() == f"{generation} {generation} 50000"
            assert holding.look() == "0 0 50000"
    assert holding.stop() == opening.stop() == 0


def test_copy_is_private_and_holds_marts_and_sync_records_alone(
    warehouse: Path, tmp_path: Path
) -> None:
    marts = tmp_path / "marts.duckdb"
    with duckdb.connect(str(warehouse)) as database:
        assert publish(database, marts) == {"t": 50000, "sync_runs": 0}
    assert marts.stat().st_mode & 0o777 == 0o600
    with duckdb.connect(str(marts), read_only=True) as database:
        assert database.execute(
            "select comment from duckdb_columns() where column_name = 'n' and schema_name = 'main'"
        ).fetchall() == [("the count's unit: pieces",)]
        tables = "select table_name, comment from duckdb_tables() where schema_name = 'main'"
        described = dict(database.execute(tables).fetchall())
        assert described["t"] == "one row a number"
        assert "a run of the reverse-sync" in described["sync_runs"]


def test_copy_is_read_by_every_name_that_an_analyst_may_type(
    warehouse: Path, tmp_path: Path
) -> None:
    marts = tmp_path / "marts.duckdb"
    with duckdb.connect(str(warehouse)) as database:
        publish(database, marts)
    with duckdb.connect(str(marts), read_only=True) as database:
        for name in ("t", "marts.t", "main.t", "marts.main.t"):
            assert database.execute(f"select count(*) from {name}").fetchall() == [(50000,)]
    with duckdb.connect() as database:
        database.execute(f"attach '{marts}' as copy (read_only)")
        for name in ("copy.t", "copy.main.t"):
            assert database.execute(f"select count(*) from {name}").fetchall() == [(50000,)]


def test_views_of_an_older_versions_copy_are_taken_out(warehouse: Path, tmp_path: Path) -> None:
    marts = tmp_path / "marts.duckdb"
    with duckdb.connect(str(warehouse)) as database:
        publish(database, marts)
        with duckdb.connect() as older:
            older.execute(f"attach '{marts}' as copy; create schema copy.marts")
            older.execute("create view copy.marts.t as select 1 as n")
        publish_sync(database, marts)
    with duckdb.connect(str(marts), read_only=True) as database:
        assert database.execute("select count(*) from marts.t").fetchall() == [(50000,)]


def test_copy_begun_beside_a_build_is_made_again_where_another_was_published_meanwhile(
    warehouse: Path, tmp_path: Path
) -> None:
    marts = tmp_path / "marts.duckdb"
    with duckdb.connect(str(warehouse)) as database:
        database.execute(
            "create schema pipeline; create table pipeline.replaced (mart text, rows text)"
        )
        publish(database, marts, build="first")
        with closing(Copy(marts)) as copy:
            copy.begin_for(REFRESH)
            database.execute("insert into sync.sync_runs values (7)")
            publish_sync(database, marts)
            database.execute("delete from sync.sync_runs")
            publish(database, marts, build="second", follows="first", copy=copy)
    with duckdb.connect(str(marts), read_only=True) as database:
        assert database.execute("select id from publication.build").fetchall() == [("second",)]
        assert database.execute("select count(*) from t").fetchall() == [(50000,)]


def test_copy_that_no_build_needed_leaves_no_file(warehouse: Path, tmp_path: Path) -> None:
    marts = tmp_path / "marts.duckdb"
    with duckdb.connect(str(warehouse)) as database:
        publish(database, marts, build="first")
    with closing(Copy(marts)) as copy:
        copy.begin_for(REFRESH)
    assert {path.name for path in tmp_path.iterdir()} == {"marts.duckdb", "warehouse.duckdb"}


def test_log_of_a_killed_publication_does_not_enter_the_next_one(
    warehouse: Path, tmp_path: Path
) -> None:
    marts = tmp_path / "marts.duckdb"
    with duckdb.connect(str(warehouse)) as database:
        publish(database, marts, build="first")
    (tmp_path / "marts.tmp").write_bytes(marts.read_bytes())
    subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "marts.tmp")], check=False)
    assert (tmp_path / "marts.tmp.wal").exists()
    with duckdb.connect(str(warehouse)) as database:
        publish_sync(database, marts)
    with duckdb.connect(str(marts), read_only=True) as database:
        assert database.execute("select count(*) from t").fetchall() == [(50000,)]


def test_failed_copy_leaves_the_last_one(warehouse: Path, tmp_path: Path) -> None:
    marts = tmp_path / "marts.duckdb"
    with duckdb.connect(str(warehouse)) as database:
        publish(database, marts)
        before = marts.read_bytes()
        database.execute("create view marts.broken as select 1 as n")
        database.execute("create or replace view marts.broken as select error('no') as n")
        with pytest.raises(duckdb.Error):
            publish(database, marts)
    assert marts.read_bytes() == before


def test_records_of_a_sync_are_published_without_a_build_that_came_between(
    warehouse: Path, tmp_path: Path
) -> None:
    marts = tmp_path / "marts.duckdb"
    with duckdb.connect(str(warehouse)) as database:
        publish(database, marts)
        fill(database, 1)  # of a build that failed later on
        database.execute("insert into sync.sync_runs values (7)")
        publish_sync(database, marts)
    with duckdb.connect(str(marts), read_only=True) as database:
        assert database.execute("select max(generation) from marts.t").fetchall() == [(0,)]
        assert database.execute("select version from sync_runs").fetchall() == [(7,)]
        assert database.execute("select version from marts.sync_runs").fetchall() == [(7,)]


def test_copy_says_of_which_mode_it_is_until_the_next_build(
    warehouse: Path, tmp_path: Path
) -> None:
    marts = tmp_path / "marts.duckdb"
    with duckdb.connect(str(warehouse)) as database:
        publish(database, marts)
        assert published_mode(marts) is None
        database.execute("create schema pipeline")
        database.execute(
            "create table pipeline.run_settings as select true as multiple_subscriptions"
        )
        publish(database, marts, build="first")
        database.execute("update pipeline.run_settings set multiple_subscriptions = false")
        publish_sync(database, marts)  # whatever a build that failed has noted since
        assert published_mode(marts) is True
    assert published_mode(tmp_path / "none.duckdb") is None


def assert_copied(database: duckdb.DuckDBPyConnection, marts: Path, table: str, step: str) -> None:
    rows = f"select * from {{}}.{table} order by all"
    database.execute(f"attach '{marts}' as copy (read_only)")
    copied = database.execute(rows.format("copy.main")).fetchall()
    database.execute("detach copy")
    assert copied == database.execute(rows.format("sync")).fetchall(), step


def test_records_that_grow_are_brought_up_whatever_was_added_or_taken_out(
    warehouse: Path, tmp_path: Path
) -> None:
    marts = tmp_path / "marts.duckdb"
    steps = (
        "insert into sync.sync_changelog values (1, 'a'), (1, 'b'), (2, 'a')",
        "insert into sync.sync_changelog values (2, 'b'), (3, 'a')",
        "insert into sync.sync_changelog values (1, 'late')",
        "delete from sync.sync_changelog where version = 2",
        "alter table sync.sync_changelog add column reply varchar",
    )
    with duckdb.connect(str(warehouse)) as database:
        database.execute("create table sync.sync_changelog (version bigint, account_id varchar)")
        publish(database, marts)
        for step in steps:
            database.execute(step)
            publish_sync(database, marts)
            assert_copied(database, marts, "sync_changelog", step)


def test_accounts_that_are_noted_as_gone_or_adopted_in_place_are_so_in_the_copy(
    warehouse: Path, tmp_path: Path
) -> None:
    marts = tmp_path / "marts.duckdb"
    steps = (
        "insert into sync.sync_snapshot values ('a', 1, '2025-01-01', null),"
        " ('b', 2, '2025-01-02', null)",
        "update sync.sync_snapshot set gone_at = '2025-01-03' where account_id = 'a'",
        "update sync.sync_snapshot set gone_at = null where account_id = 'a'",
        "update sync.sync_snapshot set acknowledged_at = '2025-01-04' where account_id = 'a'",
    )
    with duckdb.connect(str(warehouse)) as database:
        database.execute(
            "create table sync.sync_snapshot (account_id varchar, version bigint,"
            " acknowledged_at timestamp, gone_at timestamp)"
        )
        publish(database, marts)
        for step in steps:
            database.execute(step)
            publish_sync(database, marts)
            assert_copied(database, marts, "sync_snapshot", step)
