"""A backup is put back elsewhere and the pipeline goes on from it."""

import sqlite3
from pathlib import Path

import duckdb
import pytest
from command_line import run
from local_stripe import NOW
from pipeline import Pipeline

from orchestration.backup import back_up, restore
from orchestration.configuration.environment import WrongSettings
from orchestration.terminal.failures import Unknown
from orchestration.terminal.reporter import LogReporter

QUIET = LogReporter(lambda line: None)


@pytest.mark.long
def test_restored_data_goes_on_where_the_backup_was_taken(
    refreshed: Pipeline, tmp_path: Path
) -> None:
    archive = tmp_path / "backup.tar.gz"
    with sqlite3.connect(refreshed.folder / "events.db") as receiving:  # a writer in the middle
        receiving.execute("begin immediate")
        assert back_up(refreshed.settings, archive, QUIET) > 3
    assert archive.stat().st_mode & 0o777 == 0o600
    refreshed.stripe.store.update("customer", "cus_one", {"name": "Later"}, now=NOW)
    with pytest.raises(WrongSettings, match="not empty"):
        restore(refreshed.settings, archive)

    elsewhere = tmp_path / "elsewhere"
    refreshed.set(DATA_DIR=str(elsewhere))
    refreshed.folder = elsewhere
    restore(refreshed.settings, archive)
    assert refreshed.account("cus_one")["name"] == "one"
    counts = refreshed.sync()
    assert (counts["creates"], counts["updates"]) == (0, 1), "nothing is sent twice"
    assert refreshed.account("cus_one")["name"] == "Later"


def test_no_archive_and_nothing_to_back_up_are_one_line(pipeline: Pipeline, tmp_path: Path) -> None:
    with pytest.raises(Unknown, match="nothing to back up"):
        back_up(pipeline.settings, tmp_path / "b.tar.gz", QUIET)
    (tmp_path / "b.tar.gz").write_bytes(b"no archive")
    for archive in (tmp_path / "b.tar.gz", tmp_path, tmp_path / "none"):
        with pytest.raises(Unknown, match="no backup"):
            restore(pipeline.settings, archive)
    pipeline.folder.mkdir(exist_ok=True)
    duckdb.connect(str(pipeline.settings.warehouse)).close()
    for target in (tmp_path / "none" / "b.tar.gz", tmp_path):
        with pytest.raises(Unknown, match="could not be written"):
            back_up(pipeline.settings, target, QUIET)
    assert not list(tmp_path.parent.glob("*.tmp"))


@pytest.mark.long
def test_an_archive_that_is_there_is_replaced_only_by_force(tmp_path: Path) -> None:
    archive = tmp_path / "backup.tar.gz"
    archive.write_text("another backup")
    settings = {"DATA_DIR": str(tmp_path / "data")}
    refused = run("backup", str(archive), cwd=tmp_path, **settings)
    assert refused.returncode == 2
    assert f"{archive} is there" in refused.stderr.replace("\n", "")
    forced = run("backup", str(archive), "--force", cwd=tmp_path, **settings)
    assert "there is nothing to back up yet" in forced.stderr.replace("\n", " ")
    assert archive.read_text() == "another backup"  # nothing came to take its place
