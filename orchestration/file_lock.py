"""The writers' lock: one `flock` on a file beside the warehouse, for the CLI and Dagster alike.

DuckDB refuses a second process at once instead of letting it wait. The kernel frees this lock when
its holder dies, kill -9 too. `filelock` was not taken: it empties the file that names the holder.
"""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

POLL_SECONDS = 0.1
PATIENCE_SECONDS = 3600.0


class LockHeld(Exception):
    """Another writer has kept the warehouse for longer than this one could wait."""


@contextmanager
def writer_lock(
    path: Path,
    *,
    purpose: str,
    what: str = "the warehouse",
    patience: float = PATIENCE_SECONDS,
    on_wait: Callable[[str], None] | None = None,
) -> Iterator[None]:
    """Hold the lock; wait at most `patience` seconds. `on_wait` hears once who holds it."""
    with path.open("a+") as file:
        _acquire(file, what, patience, on_wait or (lambda holder: None))
        _write_holder(file, f"process {os.getpid()} ({purpose})")
        try:
            yield
        finally:
            _write_holder(file, "")


def _acquire(file: IO[str], what: str, patience: float, on_wait: Callable[[str], None]) -> None:
    deadline = time.monotonic() + patience
    told = False
    while not _try(file):
        if time.monotonic() >= deadline:
            raise LockHeld(
                f"{what} is in use by {_holder(file)}; wait for it or end it, then run again"
            )
        if not told:
            on_wait(_holder(file))
            told = True
        time.sleep(POLL_SECONDS)


def _try(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(file: IO[str]) -> str:
    file.seek(0)
    return file.read().strip() or "another process"


def _write_holder(file: IO[str], holder: str) -> None:
    file.seek(0)
    file.truncate()
    file.write(holder)
    file.flush()
