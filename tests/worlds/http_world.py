"""Open HTTP stores before their counterparts, and the writes that go to them."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from target_servers import SECRET, FakeSegment, FakeVitally, Receiver, Reply, running
from tenacity import wait_fixed

from outgoing_http.limits import MIB, AnswerLimits
from reverse_sync.stores.account_store import AccountStore, AccountWrite
from reverse_sync.stores.http import client
from reverse_sync.stores.target import Target
from reverse_sync.stores.url import opened
from reverse_sync.values.lifecycle import Lifecycle

AT = datetime(2025, 6, 15, 12, 30, tzinfo=UTC)
WAIT_A_MOMENT = Reply(429, {"error": "slow down"}, {"Retry-After": "0.05"})
BROKEN = Reply(500, {"error": f"failed for {SECRET}"})
DOWN = Reply(503, "down for maintenance")


@dataclass
class HttpWorld:
    """Targets on this machine; stores stay open until the test ends."""

    folder: Path
    stack: ExitStack

    def receiver(self) -> Receiver:
        return self.stack.enter_context(running(Receiver()))

    def vitally(self) -> FakeVitally:
        return self.stack.enter_context(running(FakeVitally()))

    def segment(self) -> FakeSegment:
        return self.stack.enter_context(running(FakeSegment()))

    def store(self, target: Target) -> AccountStore:
        return self.stack.enter_context(opened(target))

    def webhook(self, server: Receiver, **options: Any) -> Target:
        return self.target(f"http://127.0.0.1:{server.port}/hook/tok3n?key=tok3n", **options)

    def target(self, url: str, **options: Any) -> Target:
        return Target(url, **{"secret": SECRET, "folder": self.folder, **options})


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HttpWorld]:
    monkeypatch.setattr(client, "BACKOFF", wait_fixed(0.01))
    monkeypatch.setattr(client, "TIMEOUT", httpx.Timeout(0.5))
    monkeypatch.setattr(client, "LIMITS", AnswerLimits(size=MIB, seconds=0.5))
    with ExitStack() as stack:
        yield HttpWorld(tmp_path, stack)


def write(account_id: str = "a", **options: Any) -> AccountWrite:
    values: dict[str, Any] = {
        "name": "Ada",
        "set": {"stripe.mrr": Decimal("50.5")},
        "unset": (),
        "lifecycle": Lifecycle(),
        "version": 1,
        "at": AT,
    }
    return AccountWrite(account_id=account_id, **{**values, **options})


def writes(count: int, **options: Any) -> list[AccountWrite]:
    return [write(f"a{number}", **options) for number in range(count)]
