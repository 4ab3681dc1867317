"""The published copy as the report reads it: read-only, locked down, within limits.

Enters: the path of `marts.duckdb`. Leaves: answers of the copy that is published now. A new copy
takes the place of the old file whole, so a changed inode means that it has to be opened again. Who
still reads the old one goes on with it.
"""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb

from report.limited import Answer, batches, limited
from report.sql import query

MEMORY = "160MB"  # of DuckDB; the whole report stays below 300 MiB
THREADS = 1  # of a question: a page asks several at once


class NothingPublished(Exception):
    """There is no published copy yet, or it cannot be read."""


class Copy:
    """One published copy, open for as long as somebody holds it."""

    def __init__(self, path: Path) -> None:
        # Attached to a database of its own: DuckDB would give the old file again for the same path.
        self._database = duckdb.connect(config={"memory_limit": MEMORY, "threads": THREADS})
        escaped = str(path).replace("'", "''")
        self._database.execute(f"attach '{escaped}' as published (read_only)")
        self._database.execute("set enable_external_access = false")
        self._database.execute("set lock_configuration = true")

    @contextmanager
    def asked(self, sql: str, parameters: Mapping[str, Any] | None = None) -> Iterator[Answer]:
        """The answer, read while the block runs. Raises TooSlow."""
        with self._database.cursor() as cursor:
            cursor.execute("use published")
            with limited(cursor):
                found = cursor.execute(sql, parameters or {})
            columns = found.description or []
            names = tuple(column[0] for column in columns)
            types = tuple(str(column[1]) for column in columns)
            yield Answer(names, types, batches(found))

    def rows(self, sql: str, parameters: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """All rows of a small answer."""
        with self.asked(sql, parameters) as answer:
            return [
                dict(zip(answer.names, row, strict=True))
                for batch in answer.batches
                for row in batch
            ]

    @cached_property
    def tables(self) -> dict[str, dict[str, tuple[str, str]]]:
        """Of each published table its columns in order: type and description."""
        found: dict[str, dict[str, tuple[str, str]]] = {}
        for row in self.rows(query("shared/columns")):
            columns = found.setdefault(row["table_name"], {})
            columns[row["column_name"]] = (row["data_type"], row["comment"] or "")
        return found

    @cached_property
    def metadata_keys(self) -> list[str]:
        """Keys that customers carry, the most frequent first."""
        return [row["key"] for row in self.rows(query("shared/metadata_keys"))]


class Published:
    """The copy that is published now."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._copy: Copy | None = None
        self._state: tuple[int, int] | None = None

    def copy(self) -> Copy:
        """Raises NothingPublished."""
        with self._lock:
            state = self._found()
            if self._copy is None or state != self._state:
                self._copy, self._state = self._opened(), state
            return self._copy

    def _found(self) -> tuple[int, int]:
        try:
            found = self.path.stat()
        except OSError:
            raise NothingPublished(f"{self.path} does not exist: run stripe-traits sync") from None
        return found.st_ino, found.st_mtime_ns

    def _opened(self) -> Copy:
        try:
            return Copy(self.path)
        except (duckdb.IOException, duckdb.SerializationException):
            raise NothingPublished(
                f"{self.path} cannot be read: move it away; the next stripe-traits sync writes it"
                " again"
            ) from None
