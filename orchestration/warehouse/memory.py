"""How much memory DuckDB takes for a build, a publication or a plan.

Enters: an open warehouse. Leaves: its limit in bytes, beyond which DuckDB goes on on disk, in a
folder beside the file. Without one it keeps every page that it has read, up to four fifths of the
machine. The number of rows counts, their length does not: sorts and joins keep keys, and long
values pass through.
"""

from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import TypeVar

import duckdb

from orchestration.terminal.logs import log

MEMORY = 256 << 20
MEMORY_A_ROW = 256  # for each landed one: what 1,000,000 customers are built in without the disk
# What is freed goes back to the system at once where a step took so much, not ten seconds later.
# Below that it would cost more than it gives: small builds never come to it.
GIVEN_BACK = "16MiB"
LIMIT = f"""
select least({MEMORY} + {MEMORY_A_ROW} * coalesce(sum(estimated_size), 0), $whole)::bigint
from duckdb_tables() where schema_name = 'stripe'
"""
PATH = "select path from duckdb_databases() where database_name = current_database()"
TOO_LITTLE = "DuckDB needs more memory than its limit: this begins again without one"

Result = TypeVar("Result")
_limits: dict[tuple[int, str | None, int], int] = {}
_lifted = Event()  # for the rest of this process, in all of its threads


def limit_memory(database: duckdb.DuckDBPyConnection) -> None:
    """For all of this process that have the file open; a load has a limit of its own."""
    database.execute("reset memory_limit")
    if not _lifted.is_set():
        database.execute(f"set memory_limit = '{_limit(database)}B'")
    for what in ("", "bulk_deallocation_"):
        database.execute(f"set allocator_{what}flush_threshold = '{GIVEN_BACK}'")


def _limit(database: duckdb.DuckDBPyConnection) -> int:
    """In bytes. Rows are counted again where the file has grown: to ask for them takes 5 ms, and a
    refresh asks often."""
    asked = _whole(database), *_size(database)
    limit = _limits.get(asked)  # once: another thread may ask about another file meanwhile
    if limit is None:
        [(limit,)] = database.execute(LIMIT, {"whole": asked[0]}).fetchall()
        _limits.clear()
        _limits[asked] = limit
    return limit


def _size(database: duckdb.DuckDBPyConnection) -> tuple[str | None, int]:
    """Of which file, and of how many parts of 16 MiB, what is only logged included."""
    path = path_of(database)
    files = [Path(path), Path(f"{path}.wal")] if path else []
    return path, sum(file.stat().st_size for file in files if file.exists()) >> 24


def path_of(database: duckdb.DuckDBPyConnection) -> str | None:
    """Of the file that it is in; None: it is in memory alone."""
    [(path,)] = database.execute(PATH).fetchall()
    return str(path) if path else None


def again_without_limit(work: Callable[[], Result], *, fails: Callable[[Result], bool]) -> Result:
    """What `work` leaves, which calls `limit_memory` first; done once more where the limit was too
    little: what cannot go on on disk must not fail for that."""
    try:
        result = work()
        if _lifted.is_set() or not fails(result):
            return result
    except duckdb.OutOfMemoryException:
        if _lifted.is_set():
            raise
    log.warning(TOO_LITTLE)
    _lifted.set()
    return work()


def never(_: object) -> bool:
    """It raises where it fails."""
    return False


def _whole(database: duckdb.DuckDBPyConnection) -> int:
    found = database.execute("select parse_formatted_bytes(current_setting('memory_limit'))")
    return int(found.fetchall()[0][0])
