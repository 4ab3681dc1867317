"""The surroundings of a reverse-sync in tests: published marts, a warehouse with its lock, a store.

Run as a program it syncs once, so that a test can kill it:
`python reverse_sync_world.py FOLDER STORE_URL RUN_ID BATCH_SIZE`.
"""

import json
import sqlite3
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import duckdb
import psycopg

from reverse_sync.deliver.chunks import Progress
from reverse_sync.deliver.result import SyncResult
from reverse_sync.plan.preview import Preview
from reverse_sync.repair.operations import compare_store
from reverse_sync.stores.target import Target
from reverse_sync.sync import deliver, preview, silent
from reverse_sync.sync_request import SyncContext, SyncRequest
from reverse_sync.values.traits import number_text

AS_OF = datetime(2025, 6, 15, tzinfo=UTC)

Row = tuple[str | None, str | None, Any]
Facts = Mapping[str, Mapping[str, Any]]

ACCOUNT_TRAITS = """
    create table account_traits (
        account_id varchar, name varchar, traits json, has_paid boolean default true,
        unknown_amount varchar, subscribed_since timestamp, trial_since timestamp,
        trial_ends_at timestamp, ended_at timestamp
    )
"""


@dataclass
class World:
    """One pipeline's files around one account store."""

    folder: Path
    url: str
    lock: threading.Lock = field(default_factory=threading.Lock)
    runs: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def marts(self) -> Path:
        return self.folder / "marts.duckdb"

    def publish(
        self, accounts: Mapping[str, Mapping[str, Any]], facts: Facts | None = None
    ) -> None:
        """Replaces the published copy; the account's name is `name of <id>`."""
        rows: list[Row] = [(key, f"name of {key}", traits) for key, traits in accounts.items()]
        self.publish_rows(rows, facts)

    def publish_rows(self, rows: list[Row], facts: Facts | None = None) -> None:
        """`facts` of accounts of which more is told than that they have paid."""
        made = self.folder / "being_made.duckdb"
        made.unlink(missing_ok=True)
        with duckdb.connect(str(made)) as connection:
            connection.execute(ACCOUNT_TRAITS)
            texts = [(key, name, _text(traits)) for key, name, traits in rows]
            if texts:
                insert = "insert into account_traits (account_id, name, traits)"
                connection.executemany(f"{insert} values (?, ?, ?)", texts)
            for account_id, told in (facts or {}).items():
                columns = ", ".join(f"{name} = ?" for name in told)
                connection.execute(
                    f"update account_traits set {columns} where account_id = ?",
                    [*told.values(), account_id],
                )
        made.replace(self.marts)

    @contextmanager
    def warehouse(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with self.lock, duckdb.connect(str(self.folder / "warehouse.duckdb")) as connection:
            yield connection

    def around(self, **options: Any) -> SyncContext:
        arguments: dict[str, Any] = {
            "marts_path": self.marts,
            "warehouse": self.warehouse,
            "target": Target(self.url, folder=self.folder),
            "multiple_subscriptions": False,
        }
        return SyncContext(**{**arguments, **options})

    def order(self, **options: Any) -> SyncRequest:
        arguments = {"as_of": AS_OF, "run_id": f"run-{next(self.runs)}", **options}
        return SyncRequest(**{"now": arguments["as_of"], **arguments})

    def sync(
        self, *, on_progress: Progress = silent, batch_size: int | None = None, **options: Any
    ) -> SyncResult:
        """A run; the options are those of SyncContext and of SyncRequest."""
        around, order = self._split(options)
        return deliver(around, order, on_progress=on_progress, batch_size=batch_size)

    def preview(self, **options: Any) -> Preview:
        return preview(*self._split(options))

    def reconcile(self, *, repair: bool = False) -> tuple[int, dict[str, int]]:
        """How many accounts were compared, and how many differ by kind."""
        drift = compare_store(self.around(), self.order(kind="reconcile"), repair=repair)
        return drift.compared, dict(drift.accounts)

    def _split(self, options: dict[str, Any]) -> tuple[SyncContext, SyncRequest]:
        known = SyncContext.__dataclass_fields__
        around = {name: value for name, value in options.items() if name in known}
        order = {name: value for name, value in options.items() if name not in known}
        return self.around(**around), self.order(**order)

    def state(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of the sync schema."""
        with self.warehouse() as connection:
            return connection.execute(query).fetchall()

    def store(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Rows of the account store, written with `?` for parameters."""
        if self.url.startswith("sqlite"):
            with sqlite3.connect(self.url.removeprefix("sqlite:///")) as connection:
                return connection.execute(query, parameters).fetchall()
        with psycopg.connect(self.url) as connection:
            cursor = connection.execute(query.replace("?", "%s"), parameters)
            return cursor.fetchall() if cursor.description else []

    def traits(self) -> dict[str, dict[str, Any]]:
        """Every account's traits as the store holds them, numbers exact."""
        rows = self.store("select account_id, cast(traits as text) from accounts")
        return {key: json.loads(text, parse_float=Decimal) for key, text in rows}

    def account(self, account_id: str, *columns: str) -> tuple[Any, ...]:
        """Columns of one account; times as text in UTC whatever the store."""
        query = f"select {', '.join(columns)} from accounts where account_id = ?"
        (row,) = self.store(query, account_id)
        return tuple(_plain(value) for value in row)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return number_text(value) if isinstance(value, Decimal) else value


def _text(traits: Any) -> str | None:
    return traits if isinstance(traits, str | None) else json.dumps(traits)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    folder, url, run_id, batch_size = sys.argv[1:]
    world = World(Path(folder), url)
    _say("started")
    world.sync(
        run_id=run_id,
        batch_size=int(batch_size),
        on_progress=lambda done, _total: _say(str(done)),
    )


if __name__ == "__main__":
    main()
