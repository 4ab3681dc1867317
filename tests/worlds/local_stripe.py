"""A real sandbox over HTTP for tests, and what ingestion needs to read it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from benchmarks.observers import served
from ingestion.load import DEFAULT, Bounds, LoadResult, Paths, load
from ingestion.stripe_api.connection import Connection
from sandbox import clock
from sandbox.http.keys import Key
from sandbox.misbehaviour.faults import NONE, Faults
from sandbox.server import TEST_KEY, app, serving
from sandbox.shapes import API_VERSION
from sandbox.storage.store import Store

NOW = 1_749_945_600  # 2025-06-15T00:00:00Z
DAY = 86_400


@dataclass
class LocalStripe:
    """The sandbox's store and address, with the files that a load keeps."""

    store: Store
    url: str
    folder: Path

    @property
    def paths(self) -> Paths:
        folder = self.folder
        return Paths(
            folder / "warehouse.duckdb", folder / "events.db", folder / "raw", folder / "dlt"
        )

    def connection(self, *, key: str = TEST_KEY, **options: Any) -> Connection:
        return Connection(api_key=key, api_base=self.url, api_version=API_VERSION, **options)

    def load(self, *, full: bool = False, bounds: Bounds = DEFAULT, **options: Any) -> LoadResult:
        return load(self.connection(**options), self.paths, full=full, bounds=bounds)

    def query(self, sql: str) -> list[Any]:
        with duckdb.connect(str(self.paths.warehouse), read_only=True) as database:
            return database.execute(sql).fetchall()


@contextmanager
def stripe_in(folder: Path) -> Iterator[LocalStripe]:
    """The sandbox of this folder, which may be new, at `NOW`."""
    with Store(folder / "sandbox.db") as store:
        clock.put(store, NOW)
        with serving(store) as url:
            yield LocalStripe(store, url, folder)


@pytest.fixture
def local_stripe(tmp_path: Path) -> Iterator[LocalStripe]:
    with stripe_in(tmp_path) as stripe:
        yield stripe


ACCOUNTS = ("acct_other", "acct_connected")


@dataclass
class SeveralAccounts(LocalStripe):
    """One server, three Stripe accounts: that of `TEST_KEY`, `acct_other` with the key
    `sk_test_other`, and `acct_connected`, connected to the first."""

    others: dict[str, Store]

    @property
    def stores(self) -> dict[str, Store]:
        return {self.store.account_id: self.store, **self.others}


@contextmanager
def several_accounts(
    folder: Path, *, keys: Sequence[Key] = (), **options: Any
) -> Iterator[SeveralAccounts]:
    """`keys` are accepted beside those two; a key of `acct_other` is `Key(..., account=...)`;
    `options` are those of `serving`."""
    own, below = (Store(folder / f"{name}.db", account_id=name) for name in ACCOUNTS)
    with Store(folder / "sandbox.db") as first, own, below:
        named = [Key("sk_test_other", account=own.account_id), *keys]
        with serving(first, keys=named, others=[own], connected=[below], **options) as url:
            yield SeveralAccounts(
                first, url, folder, dict(zip(ACCOUNTS, (own, below), strict=True))
            )


Refuse = Callable[[str], tuple[int, dict[str, str]] | None]


@contextmanager
def refusing(stripe: LocalStripe, refuse: Refuse, faults: Faults = NONE) -> Iterator[LocalStripe]:
    """The same sandbox behind a server that answers some paths with a status of its own."""
    with served(_refusing(app(stripe.store, faults=faults), refuse)) as url:
        yield LocalStripe(stripe.store, url, stripe.folder)


def _refusing(sound: ASGIApp, refuse: Refuse) -> ASGIApp:
    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        refused = refuse(scope["path"])
        if refused is None:
            return await sound(scope, receive, send)
        status, headers = refused
        body = {"error": {"type": "invalid_request_error", "message": f"refused ({status})"}}
        return await JSONResponse(body, status, headers)(scope, receive, send)

    return answer
