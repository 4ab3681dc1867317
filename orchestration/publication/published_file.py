"""The file of the published copy: how the next one takes the place of the one that is read.

Enters: where it is, and a connection to the warehouse. Leaves: a file that was replaced whole. What
is written into it stands in `publish`.
"""

import os
import shutil
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import duckdb

from orchestration.build.scope import BuildKind, BuildScope


class Copy:
    """A copy of what is published, to be changed and to take its place.

    Begun beside a build it costs no time of its own: it waits for the disk, the build does not.
    """

    def __init__(self, marts: Path) -> None:
        self.marts = marts
        self.file = marts.with_suffix(".tmp")
        # Of its own name: another publication may come before the one that this is for.
        self._begun = marts.with_suffix(".begun.tmp")
        self._copied: Future[tuple[int, ...]] | None = None

    def begin_for(self, scope: BuildScope) -> None:
        """In a thread of its own, for a build that will change the copy and not replace it."""
        if scope.kind is BuildKind.REFRESH and self.marts.exists():
            thread = ThreadPoolExecutor(1)
            self._copied = thread.submit(self._copy)
            thread.shutdown(wait=False)

    def ready(self) -> None:
        """`file` is of what is published now. Raises OSError."""
        _remove(self.file)
        begun = self._copied is not None and self._copied.result() == _state(self.marts)
        if begun and self._begun.exists():
            self._begun.replace(self.file)
        else:
            _copy_file(self.marts, self.file)

    def close(self) -> None:
        """Nothing is left of a copy that was not needed."""
        if self._copied is not None:
            self._copied.exception()  # waits; a failure is that of whoever needs it
        self._begun.unlink(missing_ok=True)

    def _copy(self) -> tuple[int, ...]:
        found = _state(self.marts)
        _copy_file(self.marts, self._begun)
        return found


def _remove(file: Path) -> None:
    """With what a killed process had logged for it, which belongs to no other file."""
    file.unlink(missing_ok=True)
    Path(f"{file}.wal").unlink(missing_ok=True)


def _state(path: Path) -> tuple[int, ...]:
    found = path.stat()
    return (found.st_ino, found.st_size, found.st_mtime_ns)


@contextmanager
def replacing(
    database: duckdb.DuckDBPyConnection, marts: Path, copy: Copy | None = None
) -> Iterator[None]:
    """A new file as `published`, empty or a copy; it becomes `marts` if all went well."""
    fresh = marts.with_suffix(".tmp")
    with _removed_unless_whole(fresh):
        if copy:
            copy.ready()
        else:
            _remove(fresh)
        database.execute(f"attach {quoted(fresh)} as published")
        database.execute(
            "drop schema if exists published.marts cascade"
        )  # an older version's views
        try:
            yield
        finally:
            database.execute("detach published")
        fresh.chmod(0o600)
        fresh.replace(marts)


@contextmanager
def _removed_unless_whole(file: Path) -> Iterator[None]:
    """A disk that got full on the way has the room again."""
    try:
        yield
    except BaseException:
        _remove(file)
        raise


def _copy_file(source: Path, target: Path) -> None:
    """Where the file system can share blocks (XFS, btrfs) this costs nothing, whatever the size."""
    with source.open("rb") as read, target.open("wb") as written:
        left = source.stat().st_size
        try:
            while left and (moved := os.copy_file_range(read.fileno(), written.fileno(), left)):
                left -= moved
        except (AttributeError, OSError):  # not on this system, or not on this file system
            shutil.copyfile(source, target)
        os.fsync(written.fileno())  # here, not where the changed copy is waited for


def quoted(path: Path) -> str:
    """A path as SQL text."""
    return "'" + str(path).replace("'", "''") + "'"
