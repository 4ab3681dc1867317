"""The SQLite file under the store: a connection a thread, one writer at a time.

Enters: a path, or none for a temporary file. Leaves: connections, which pack and unpack texts by
the file's dictionary. No table of objects is named here.
"""

import sqlite3
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sandbox.storage.packing import Packing, is_packed

DICTIONARY = "CREATE TABLE dictionary (content BLOB NOT NULL)"


class Connection(sqlite3.Connection):
    """A connection that knows the file's dictionary, once there is one; SQL calls `unpacked()`."""

    _packing: Packing | None = None

    def pack(self, text: bytes) -> bytes:
        """The text as the file keeps it: packed if the file has a dictionary."""
        packing = self._packing or self._found()
        return packing.pack(text) if packing else text

    def unpack(self, text: bytes) -> bytes:
        if not is_packed(text):
            return text
        packing = self._packing or self._found()
        if packing is None:
            raise ValueError("dictionary: the file's is gone, its objects cannot be read")
        return packing.unpack(text)

    def unpacked(self, text: bytes) -> str:
        return self.unpack(text).decode()

    def _found(self) -> Packing | None:
        found = self.execute("SELECT content FROM dictionary").fetchone()
        self._packing = Packing(found[0]) if found else None
        return self._packing


class Database:
    """A file in WAL mode: readers, each thread with its own connection, never wait for a writer."""

    def __init__(self, path: str | Path | None = None) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="sandbox-") if path is None else None
        self.path = Path(self._folder.name) / "sandbox.db" if self._folder else Path(str(path))
        self.path.touch(mode=0o600)
        self._local = threading.local()
        self._opened: list[Connection] = []
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

    def db(self) -> Connection:
        """This thread's connection. A crash may lose the last writes: it is a sandbox."""
        connection: Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = sqlite3.connect(
                self.path, check_same_thread=False, timeout=60, factory=Connection
            )
            connection.isolation_level = None
            connection.create_function("unpacked", 1, connection.unpacked, deterministic=True)
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
    def writing(self) -> Iterator[Connection]:
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
    def without_journal(self) -> Iterator[Connection]:
        """Half the writes, for the first load of a file; with other threads about, no change."""
        with self._lock:
            alone, db = len(self._opened) <= 1, self.db()
            if alone:
                db.execute("PRAGMA journal_mode = OFF")
            yield db
            if alone:
                db.execute("PRAGMA journal_mode = WAL")
