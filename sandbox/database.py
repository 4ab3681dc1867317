"""The SQLite file under the store: a connection a thread, one writer at a time.

Enters: a path, or none for a temporary file. Leaves: connections. No table is named here.
"""

import sqlite3
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self


class Database:
    """A file in WAL mode: readers, each thread with its own connection, never wait for a writer."""

    def __init__(self, path: str | Path | None = None) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="sandbox-") if path is None else None
        self.path = Path(self._folder.name) / "sandbox.db" if self._folder else Path(str(path))
        self.path.touch(mode=0o600)
        self._local = threading.local()
        self._opened: list[sqlite3.Connection] = []
        self._lock = threading.RLock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        for connection in self._opened:
            connection.close()
        if self._folder:
            self._folder.cleanup()

    def db(self) -> sqlite3.Connection:
        """This thread's connection. A crash may lose the last writes: it is a sandbox."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = sqlite3.connect(self.path, check_same_thread=False, timeout=60)
            connection.isolation_level = None
            for pragma in (
                "page_size = 16384",
                "journal_mode = WAL",
                "synchronous = OFF",
                "cache_size = -65536",
            ):
                connection.execute(f"PRAGMA {pragma}")
            self._local.connection = connection
            self._opened.append(connection)
        return connection

    def one(self, statement: str, *values: str) -> Any:
        return self.db().execute(statement, values).fetchone()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction: all of it or nothing; one inside another is part of it."""
        with self._lock:
            db = self.db()
            if db.in_transaction:
                yield db
                return
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
            except BaseException:
                db.execute("ROLLBACK")
                raise
            db.execute("COMMIT")

    @contextmanager
    def without_journal(self) -> Iterator[None]:
        """Half the writes, for the first load of a file; with other threads about, no change."""
        alone = len(self._opened) <= 1
        if alone:
            self.db().execute("PRAGMA journal_mode = OFF")
        yield
        if alone:
            self.db().execute("PRAGMA journal_mode = WAL")
