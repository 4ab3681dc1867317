"""The sync's own tables, as any version finds them."""

from pathlib import Path

import duckdb

from reverse_sync.state.schema import prepare

BACKLOG = "select sql from duckdb_views() where view_name = 'sync_backlog'"


def test_what_is_there_is_left_as_it_is(tmp_path: Path) -> None:
    path = str(tmp_path / "warehouse.duckdb")
    with duckdb.connect(path) as database:
        prepare(database)
    with duckdb.connect(path, read_only=True) as database:
        prepare(database)  # raises where it makes anything


def test_what_an_older_version_lacks_is_made(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as database:
        prepare(database)
        todays = database.execute(BACKLOG).fetchall()
        database.execute("create or replace view sync.sync_backlog as select 1 as version")
        database.execute("alter table sync.sync_runs drop column approved_by")
        database.execute("drop table sync.sync_drift")
        prepare(database)
        assert database.execute(BACKLOG).fetchall() == todays
        assert database.execute("select approved_by from sync.sync_runs").fetchall() == []
        assert database.execute("from sync.sync_drift").fetchall() == []
