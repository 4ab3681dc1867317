"""stripe-traits' own load, as the others are measured: a process each time, into DuckDB."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from benchmarks.peers.running import KEY, STREAMS, Changing, Peer, Run, Session, child


class _Load(Session):
    def __init__(self, url: str, folder: Path) -> None:
        once = [sys.executable, "-m", "benchmarks.load.import_once", "import"]
        self._command = [*once, url, KEY, "0", str(folder)]
        self._folder = folder

    def first(self) -> Run:
        return self._loaded()

    def again(self, change: Changing) -> Run:
        change()
        return self._loaded()

    def _loaded(self) -> Run:
        run = child(self._command, self._folder, self._folder / "said")
        with duckdb.connect(str(self._folder / "w.duckdb"), read_only=True) as database:
            for kind in STREAMS:
                found = database.sql(f"from stripe.{kind}")
                names = found.columns
                rows = (dict(zip(names, row, strict=True)) for row in found.fetchall())
                run.found[kind] = {row["id"]: row for row in rows}
        return run


@contextmanager
def _session(kept: Path, url: str, folder: Path) -> Iterator[Session]:  # noqa: ARG001
    yield _Load(url, folder)


PEER = Peer(
    name="stripe-traits",
    settings="its defaults, into DuckDB, raw log kept",
    install=lambda kept: None,
    session=_session,
)
