"""The whole reverse-sync against stores behind HTTP: down, limited or killed, nothing is lost."""

import os
import signal
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest
from http_world import DOWN, HttpWorld, world
from reverse_sync_world import World
from target_servers import SECRET, FakeVitally, Receiver, Reply

from reverse_sync.deliver.result import SyncInterrupted, SyncResult
from reverse_sync.stores.target import Target

__all__ = ["world"]

PROCESS = """
import sys
sys.path.insert(0, "tests/worlds")
from pathlib import Path
from reverse_sync_world import World
from reverse_sync.stores.target import Target
folder, url, secret, run_id = sys.argv[1:]
target = Target(url, secret=secret, folder=Path(folder))
World(Path(folder), url).sync(target=target, run_id=run_id, batch_size=5)
"""
ACTIVE = {"stripe.currentSubscriptionStatus": "active", "stripe.mrr": 50}


def sync(world: HttpWorld, target: Target, accounts: dict[str, Any], run: str) -> SyncResult:
    around = World(world.folder, target.url)
    around.publish(accounts)
    return around.sync(target=target, run_id=run)


def vitally(world: HttpWorld, server: FakeVitally) -> Target:
    return world.target(f"vitally://127.0.0.1:{server.port}")


def test_only_what_changed_goes_to_vitally(world: HttpWorld) -> None:
    server = world.vitally()
    target = vitally(world, server)
    trial = {"stripe.currentSubscriptionStatus": "trialing", "stripe.mrr": 50}
    first = sync(world, target, {"a": ACTIVE, "b": trial}, "1")
    assert (first.acknowledged, first.rejected, first.creates) == (2, 0, 2)
    assert server.held("a") == {**ACTIVE, "stripe.mrr": Decimal(50)}
    assert server.held("b") == {"stripe.currentSubscriptionStatus": "trialing"}
    asked = len(server.requests)
    assert sync(world, target, {"a": ACTIVE, "b": trial}, "2").sent == 0
    assert len(server.requests) == asked

    paying = {**trial, "stripe.currentSubscriptionStatus": "active"}
    gone = {"stripe.currentSubscriptionStatus": "canceled", "stripe.mrr": None}
    assert sync(world, target, {"a": gone, "b": paying}, "3").acknowledged == 2
    sent = {request.path[-1]: request.body["traits"] for request in server.requests[asked:]}
    assert sent == {
        "a": {"stripe.currentSubscriptionStatus": "canceled", "stripe.mrr": None},
        "b": {"stripe.currentSubscriptionStatus": "active", "stripe.mrr": Decimal(50)},
    }


def test_a_receiver_that_goes_down_gets_the_rest_with_the_next_run(world: HttpWorld) -> None:
    server = world.receiver()
    target = world.webhook(server)
    accounts = {f"a{number}": ACTIVE for number in range(30)}

    def later_ones(request: Any) -> bool:
        return len(server.accounts) >= 12

    server.misbehave(DOWN, times=9999, when=later_ones)
    with pytest.raises(SyncInterrupted) as stopped:
        sync(world, target, accounts, "1")
    result = stopped.value.result
    assert result.acknowledged == len(server.accounts) == 12
    assert "tok3n" not in str(stopped.value)
    server.faults.clear()
    rest = sync(world, target, accounts, "2")
    assert (rest.acknowledged, rest.rejected, rest.pending) == (18, 0, 0)
    assert len(server.accounts) == 30
    assert server.stale == []


def test_segment_gets_a_change_once_though_it_never_confirms(world: HttpWorld) -> None:
    server = world.segment()
    target = world.target(f"segment://127.0.0.1:{server.port}")
    accounts = {f"a{number}": ACTIVE for number in range(30)}
    assert sync(world, target, accounts, "1").pending == 0
    assert len(server.groups) == 30
    assert sync(world, target, accounts, "2").sent == 0
    accounts["a7"] = {"stripe.currentSubscriptionStatus": "canceled", "stripe.mrr": None}
    assert sync(world, target, accounts, "3").sent == 1
    assert server.held("a7") == {"stripe.currentSubscriptionStatus": "canceled"}


def test_an_account_that_a_store_refuses_does_not_hold_up_the_others(world: HttpWorld) -> None:
    server = world.receiver()
    target = world.webhook(server)
    accounts = {f"a{number}": ACTIVE for number in range(10)}
    server.misbehave(
        Reply(422, {"error": "no"}), times=99, when=lambda r: b'"account":"a3"' in r.raw
    )
    result = sync(world, target, accounts, "1")
    assert (result.acknowledged, result.rejected) == (9, 1)
    assert server.accounts.keys() == accounts.keys() - {"a3"}


@pytest.mark.parametrize("seed", [1, 2])
def test_killed_at_any_request_nothing_is_lost_and_nothing_stale_is_sent(
    world: HttpWorld, seed: int
) -> None:
    """The seed stands in the test's name."""
    draw = Random(seed)
    server = world.receiver()
    target = world.webhook(server)
    around = World(world.folder, target.url)
    for run in range(2):
        around.publish({f"a{n}": {**ACTIVE, "stripe.mrr": 10 * run + n} for n in range(20)})
        process = start(world.folder, target, f"killed-{run}")
        fatal = len(server.requests) + draw.randrange(1, 20)

        def is_fatal(request: Any, process: Any = process, fatal: int = fatal) -> bool:
            if len(server.requests) == fatal:
                os.kill(process.pid, signal.SIGKILL)
            return False

        server.misbehave(Reply(), when=is_fatal)
        assert process.wait(timeout=60) == -signal.SIGKILL
        server.faults.clear()
    last = {f"a{n}": {**ACTIVE, "stripe.mrr": 1000 + n} for n in range(20)}
    result = sync(world, target, last, "last")
    assert (result.acknowledged, result.rejected) == (20, 0)
    assert server.stale == []
    for name, traits in last.items():
        assert server.held(name) == {**traits, "stripe.mrr": Decimal(traits["stripe.mrr"])}


def start(folder: Path, target: Target, run_id: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-c", PROCESS, str(folder), target.url, SECRET, run_id],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONPATH": "."},
    )


def test_the_receiver_is_the_one_that_checks(world: HttpWorld) -> None:
    server: Receiver = world.receiver()
    stranger = Target(world.webhook(server).url, secret="another", folder=world.folder)
    with pytest.raises(SyncInterrupted, match="ACCOUNT_STORE_SECRET"):
        sync(world, stranger, {"a": ACTIVE}, "1")
    assert server.accounts == {}
