"""A question to DuckDB within its limits: of time, and of rows.

Enters: a cursor that was asked. Leaves: its rows in batches, or TooSlow.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import duckdb

SECONDS = 20.0  # a question that takes longer is given up
MOST_ROWS = 1_000_000  # of a file; a page shows fewer
BATCH = 5_000


class TooSlow(Exception):
    """A question took longer than the limit."""


@dataclass(frozen=True)
class Answer:
    """`types` are DuckDB's, one for each name."""

    names: tuple[str, ...]
    types: tuple[str, ...]
    batches: Iterator[list[tuple[Any, ...]]]


def batches(found: duckdb.DuckDBPyConnection) -> Iterator[list[tuple[Any, ...]]]:
    """The rows of an answer, up to the limit of a file."""
    left, is_more = MOST_ROWS, True
    while left and is_more:
        asked = min(BATCH, left)
        with limited(found):
            batch = found.fetchmany(asked)
        left, is_more = left - len(batch), len(batch) == asked
        if batch:
            yield batch


@contextmanager
def limited(cursor: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Time for DuckDB alone: how slowly a reader takes a file does not count."""
    limit = threading.Timer(SECONDS, cursor.interrupt)
    limit.start()
    try:
        yield
    except duckdb.InterruptException:
        raise TooSlow(f"given up after {SECONDS:.0f} seconds") from None
    finally:
        limit.cancel()
