"""What a machine does: each command ends with 1 and one line that says what, where and the remedy.

Mended, the next sync leaves the store true: nothing was lost and nothing is half written.
"""

import os
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

import duckdb
import pytest
from command_line import run
from pipeline import Pipeline, subscribe
from restrictions import no_privileges, short_files

pytestmark = pytest.mark.long

SYNC = ("sync", "--as-of", "2025-06-15")
FULL = (*SYNC, "--full")
PROGRESS = re.compile("models and tests done|objects? read$|accounts? sent$")
BROKEN_FILES = [
    ("warehouse.duckdb", SYNC, "move it away and run stripe-traits sync"),
    ("warehouse.duckdb", ("plan",), "move it away and run stripe-traits sync"),
    ("marts.duckdb", SYNC, "the next stripe-traits sync writes it again"),
    ("marts.duckdb", ("status",), "the next stripe-traits sync writes it again"),
    ("marts.duckdb", ("explain", "cus_one"), "the next stripe-traits sync writes it again"),
    ("marts.duckdb", ("reconcile", "--store"), "the next stripe-traits sync writes it again"),
    ("events.db", SYNC, "move it away and run stripe-traits sync"),
    ("events.db", ("status",), "move it away and run stripe-traits sync"),
    ("events.db", ("replay", "--all"), "move it away and run stripe-traits sync"),
    ("accounts.db", SYNC, "restore it from a backup"),
    ("accounts.db", ("resync", "--all"), "restore it from a backup"),
    # Opened where there is something to do.
    ("dagster/history/runs/index.db", FULL, "only Dagster's history of runs is lost"),
    ("dagster/history/runs.db", SYNC, "only Dagster's history of runs is lost"),
]


def said(
    pipeline: Pipeline, *arguments: str, before: Callable[[], None] = int, code: int = 1
) -> str:
    """The one line on standard error of a command that fails."""
    finished = run(
        *arguments,
        cwd=pipeline.stripe.folder,
        before=before,
        STRIPE_API_BASE=pipeline.stripe.url,
        STRIPE_WEBHOOK_SECRETS="whsec_test",
        DATA_DIR=str(pipeline.folder),
    )
    assert finished.returncode == code, finished.stderr
    lines = [line for line in finished.stderr.splitlines() if not PROGRESS.search(line)]
    assert len(lines) == 1, finished.stderr
    assert lines[0].startswith("stripe-traits: ")
    return lines[0]


def statuses(pipeline: Pipeline, *names: str) -> list[str]:
    return [pipeline.account(f"cus_{name}")["lifecycle_status"] for name in names]


@pytest.mark.parametrize(("name", "arguments", "remedy"), BROKEN_FILES)
def test_a_broken_file_is_named_with_its_remedy(
    refreshed: Pipeline, name: str, arguments: tuple[str, ...], remedy: str
) -> None:
    path = refreshed.folder / name
    garbage = b"no database " * 1000
    path.write_bytes(garbage)
    line = said(refreshed, *arguments)
    assert str(path) in line
    assert remedy in line
    assert path.read_bytes() == garbage


def test_the_published_copy_is_written_again_where_it_was_broken(refreshed: Pipeline) -> None:
    refreshed.settings.marts.write_bytes(b"no database " * 1000)
    said(refreshed, *SYNC)
    refreshed.settings.marts.unlink()
    assert refreshed.refresh()["sent"] == 0
    assert refreshed.mart("select count(*) from account_traits") == [(3,)]


@pytest.mark.parametrize("name", ["warehouse.duckdb", "marts.duckdb"])
def test_a_file_of_a_newer_version_is_named(refreshed: Pipeline, name: str) -> None:
    path = refreshed.folder / name
    make_newer(path)
    line = said(refreshed, "plan")
    assert f"{path} was written by a newer version: update stripe-traits" in line


def test_a_landing_table_that_lacks_a_column_is_named(refreshed: Pipeline) -> None:
    with duckdb.connect(str(refreshed.settings.warehouse)) as database:
        database.execute("alter table stripe.customers drop column name")
    line = said(refreshed, *SYNC, "--full")
    assert "stripe.customers in the warehouse lacks the column name" in line
    assert statuses(refreshed, "one", "two", "three") == ["subscribed"] * 3


@pytest.mark.parametrize(
    "arguments", [SYNC, ("plan",), ("replay", "--all"), ("backup", "backup.tar.gz")]
)
def test_a_data_folder_that_is_only_read_is_named(
    refreshed: Pipeline, arguments: tuple[str, ...]
) -> None:
    closed(refreshed.folder)
    line = said(refreshed, *arguments, before=no_privileges)
    opened(refreshed.folder)
    assert f"{refreshed.folder}" in line
    assert "may not be read and written" in line
    assert "chown" in line


@pytest.mark.parametrize("arguments", [("status",), ("explain", "cus_one")])
def test_what_only_reads_needs_no_right_to_write(
    refreshed: Pipeline, arguments: tuple[str, ...]
) -> None:
    closed(refreshed.folder)
    finished = run(*arguments, before=no_privileges, DATA_DIR=str(refreshed.folder))
    opened(refreshed.folder)
    assert (finished.returncode, finished.stderr) == (0, "")


def test_a_folder_of_somebody_else_is_named(refreshed: Pipeline) -> None:
    if os.geteuid():
        refreshed.folder.chmod(0)
    else:
        os.chown(refreshed.folder, 12345, 12345)
    for arguments in (SYNC, ("status",), ("replay", "--all")):
        assert "may not be read and written" in said(refreshed, *arguments, before=no_privileges)
    refreshed.folder.chmod(0o700)


def test_a_quota_is_named_and_loses_nothing(refreshed: Pipeline) -> None:
    subscribe(refreshed, "four")
    line = said(refreshed, *SYNC, before=partial(short_files, 1 << 20))
    assert "no room to write in" in line
    assert "raise the quota" in line
    refreshed.refresh()
    assert statuses(refreshed, "one", "two", "three", "four") == ["subscribed"] * 4


COMMANDS = {
    "plan": ("plan",),
    "status": ("status",),
    "explain": ("explain", "cus_one"),
    "tracking": ("tracking",),
    "tracking set": ("tracking", "set", "trial", "app.until", "--rule", "end_date"),
    "retry": ("retry",),
    "undo": ("undo", "1"),
    "backup": ("backup", "backup.tar.gz"),
    "webhooks": ("webhooks", "--port", "0"),
}
# Who opens which file; a command that is not named does not need it, and is not asked.
OPENS = {
    "warehouse.duckdb": ("plan", "retry", "undo"),
    "marts.duckdb": ("plan", "status", "explain"),
    "events.db": ("status", "webhooks"),
    "accounts.db": ("plan", "tracking", "tracking set", "retry", "undo"),
}
OPENED = [(name, command) for name, commands in OPENS.items() for command in commands]
WRITERS = ("plan", "tracking set", "retry", "undo", "backup")


@pytest.mark.parametrize(("name", "command"), OPENED)
def test_each_command_names_the_broken_file_that_it_opens(
    refreshed: Pipeline, name: str, command: str
) -> None:
    garbage = b"no database " * 1000
    (refreshed.folder / name).write_bytes(garbage)
    line = said(refreshed, *COMMANDS[command])
    assert name in line
    assert (refreshed.folder / name).read_bytes() == garbage


@pytest.mark.parametrize("command", WRITERS)
def test_each_command_that_writes_names_a_folder_that_is_only_read(
    refreshed: Pipeline, command: str
) -> None:
    closed(refreshed.folder)
    line = said(refreshed, *COMMANDS[command], before=no_privileges)
    opened(refreshed.folder)
    assert str(refreshed.folder) in line


@pytest.mark.parametrize(("name", "command"), [it for it in OPENED if "duckdb" in it[0]])
def test_each_command_names_the_file_of_a_newer_version(
    refreshed: Pipeline, name: str, command: str
) -> None:
    make_newer(refreshed.folder / name)
    line = said(refreshed, *COMMANDS[command])
    assert f"{name} was written by a newer version" in line


@pytest.mark.parametrize("command", OPENS["accounts.db"])
def test_each_command_names_the_column_that_the_account_store_lacks(
    refreshed: Pipeline, command: str
) -> None:
    with closing(sqlite3.connect(refreshed.folder / "accounts.db")) as store:
        store.execute("drop view account_mrr")
        store.execute("alter table accounts drop column mrr")
    line = said(refreshed, *COMMANDS[command])
    assert "accounts" in line
    assert "mrr" in line


def make_newer(path: Path) -> None:
    """A file that begins with a checksum, DUCK, and a version that is not known yet."""
    held = bytearray(path.read_bytes())
    held[12:20] = (1_000_000).to_bytes(8, "little")
    path.write_bytes(held)
    with pytest.raises(duckdb.Error, match="computed checksum") as refused:
        duckdb.connect(str(path))
    computed = re.search(r"computed checksum (\d+)", str(refused.value))
    assert computed
    held[:8] = int(computed[1]).to_bytes(8, "little")
    path.write_bytes(held)


def closed(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o500 if path.is_dir() else 0o400)


def opened(folder: Path) -> None:
    folder.chmod(0o700)
    for path in folder.rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)
