"""What is counted, by means that are there anyway: SQLite's trace, DuckDB's query log, a served
application that notes what it was asked for.

Enters: nothing, a warehouse, an ASGI application. Leaves: counts by name. What they are compared
with stands in `quick`.
"""

import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import duckdb
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

FILES = ("events.db", "accounts.db")  # of ours; the sandbox has one of its own


@contextmanager
def sqlite_statements() -> Iterator[Counter[str]]:
    """Statements that this process runs in SQLite, by file; an `executemany` counts each row."""
    counts: Counter[str] = Counter()
    opened = sqlite3.connect

    def connect(database: Any, *given: Any, **named: Any) -> sqlite3.Connection:
        made: sqlite3.Connection = opened(database, *given, **named)
        name = Path(urlsplit(str(database)).path).name
        if name in FILES:
            made.set_trace_callback(lambda _: counts.update([f"SQLite statements, {name}"]))
        return made

    sqlite3.connect = connect  # type: ignore[assignment]
    try:
        yield counts
    finally:
        sqlite3.connect = opened


class DuckDbStatements:
    """Statements that this process runs in a warehouse, which stays open meanwhile."""

    def __init__(self, warehouse: Path) -> None:
        self._database = duckdb.connect(str(warehouse))
        self._database.execute("call enable_logging('QueryLog')")

    def taken(self) -> int:
        """How many since it was asked last."""
        found = self._database.execute(
            "select count(*) from duckdb_logs where type = 'QueryLog'"
            " and message not like '%duckdb_logs%'"
        ).fetchone()
        self._database.execute("call truncate_duckdb_logs()")
        return int(found[0]) if found else 0

    def close(self) -> None:
        self._database.close()


class Requests:
    """An ASGI application before another one: each request that it passes on, by endpoint."""

    def __init__(self, application: ASGIApp) -> None:
        self.counts: Counter[str] = Counter()
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            self.counts[f"requests, {scope['method']} {_endpoint(scope['path'])}"] += 1
        await self._application(scope, receive, send)


def _endpoint(path: str) -> str:
    """Every id counts for the same one."""
    parts = path.split("/")
    return "/".join(part if place != 3 else "{id}" for place, part in enumerate(parts))


@contextmanager
def served(application: ASGIApp, **options: Any) -> Iterator[str]:
    """The application over HTTP, from a thread; its address. `options` are uvicorn's."""
    config = uvicorn.Config(application, port=0, lifespan="off", log_level="error", **options)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
