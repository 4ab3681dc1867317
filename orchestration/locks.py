"""The warehouse's lock and the sender's lease on the account store.

Enters: the data folder, a reporter that says what is waited for. Leaves: contexts. The kernel frees
what a process held when it dies.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

import duckdb

from ingestion.merge.warehouse import opened_once
from orchestration.configuration.data_folder import DataFolder
from orchestration.file_lock import writer_lock
from orchestration.terminal.reporter import Reporter
from orchestration.upgrade.upgrade import is_due, upgrade
from orchestration.warehouse.memory import limit_memory
from reverse_sync.sync_request import nothing

# By itself DuckDB logs up to 16 MiB before it writes the file, and counts a text as 16 bytes: of
# long traits hundreds of MiB were written twice. Who closes the file empties the log anyhow.
LOGGED = "256KiB"

_kept_open: ContextVar[Path | None] = ContextVar("kept_open", default=None)


@contextmanager
def kept_open(folder: DataFolder, reporter: Reporter) -> Iterator[None]:
    """One hold of the lock for the stages of the block, and the file opened once. Nothing is sent
    meanwhile: a delivery that begins in the block lets go of it when it has planned."""
    with lock(folder, "refresh", reporter):
        before = _kept_open.set(folder.warehouse)
        try:
            with opened_once(folder.warehouse):
                yield
        finally:
            _kept_open.reset(before)


@contextmanager
def lock(folder: DataFolder, purpose: str, reporter: Reporter) -> Iterator[None]:
    if _kept_open.get() == folder.warehouse:
        yield
        return
    path = folder.warehouse_lock
    with writer_lock(path, purpose=purpose, on_wait=reporter.waiting):
        if is_due(folder):
            upgrade(folder, reporter.upgraded)
        yield


def upgraded(folder: DataFolder, reporter: Reporter) -> None:
    """For who writes to the folder without the lock: data of an earlier version is kept first."""
    if is_due(folder):
        with lock(folder, "upgrade", reporter):
            pass


@contextmanager
def open_warehouse(folder: DataFolder, reporter: Reporter) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse, under the lock, for as long as the context lasts."""
    with (
        lock(folder, "reverse-sync", reporter),
        duckdb.connect(str(folder.warehouse)) as database,
    ):
        limit_memory(database)
        database.execute(f"set checkpoint_threshold = '{LOGGED}'")
        yield database


@contextmanager
def open_sync_records(
    folder: DataFolder, reporter: Reporter
) -> Iterator[duckdb.DuckDBPyConnection]:
    """The database that holds the schema `sync` of the folder's account store, under its lock."""
    if not folder.store:
        with open_warehouse(folder, reporter) as database:
            yield database
        return
    path = folder.sync_records
    path.parent.mkdir(parents=True, exist_ok=True)
    what = f"the records of account store '{folder.store}'"
    with (
        writer_lock(
            path.with_suffix(".lock"),
            purpose="reverse-sync",
            what=what,
            on_wait=reporter.waiting_to_send,
        ),
        duckdb.connect(str(path)) as database,
    ):
        limit_memory(database)
        yield database


@contextmanager
def lease(
    folder: DataFolder, reporter: Reporter, before_wait: Callable[[], None] = nothing
) -> Iterator[None]:
    """One sender at a time for the account store; freed by the kernel when its holder dies, who
    may want the warehouse: whoever holds that must let go of it `before_wait`."""

    def on_wait(holder: str) -> None:
        before_wait()
        reporter.waiting_to_send(holder)

    path = folder.store_lock
    path.parent.mkdir(parents=True, exist_ok=True)
    what = f"account store '{folder.store}'" if folder.store else "the account store"
    with writer_lock(path, purpose="reverse-sync", what=what, on_wait=on_wait):
        yield
