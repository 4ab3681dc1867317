"""kill -9 of the real process, and what the sender locks while a store is slow."""

import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from reverse_sync_world import World

from reverse_sync.stores.postgres_store import PostgresStore
from reverse_sync.stores.sqlite_store import SqliteStore

pytestmark = pytest.mark.long

HERE = Path(__file__).parent
ACCOUNTS = 60
BATCH = 2  # 30 batches a sync, one visit to the warehouse every 10
KEYS = ["stripe.mrr", "stripe.email", "stripe.metadata.plan-x", "stripe.metadata.plan_x"]

Accounts = dict[str, dict[str, Any]]


def some_accounts(chance: random.Random) -> Accounts:
    """Traits of few values, so that accounts often return to what they were."""
    return {f"a{i:03}": _some_traits(chance) for i in range(ACCOUNTS)}


def _some_traits(chance: random.Random) -> dict[str, Any]:
    values = {key: chance.choice([None, 1, "1"]) for key in KEYS}
    gone = [key for key in KEYS[2:] if values[key] is None]
    return {key: value for key, value in values.items() if key not in gone}


def killed_sync(world: World, chance: random.Random) -> str:
    """Starts a sync in a process of its own and kills it at a point that `chance` chooses."""
    run_id = f"killed-{chance.randrange(10**9)}"
    arguments = [str(world.folder), world.url, run_id, str(BATCH)]
    command = [sys.executable, str(HERE.parent / "worlds" / "reverse_sync_world.py"), *arguments]
    lines, pause = chance.randrange(28), chance.random() * 0.01
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=HERE.parents[1])
    assert process.stdout is not None
    for _ in range(1 + lines):
        process.stdout.readline()
    time.sleep(pause if lines else 10 * pause)
    process.kill()
    process.stdout.close()
    return f"{run_id} after {lines} batches + {pause:.4f} s: exit {process.wait()}"


def versions(world: World) -> dict[str, int]:
    try:
        return dict(world.store("select account_id, version from accounts"))  # type: ignore[arg-type]
    except Exception:  # noqa: BLE001 (killed before the tables were made)
        return {}


def wanted(accounts: Accounts) -> Accounts:
    return {
        key: {name: value for name, value in traits.items() if value is not None}
        for key, traits in accounts.items()
    }


@pytest.mark.parametrize("seed", range(3))
def test_kill_9_in_the_middle_of_a_sync_loses_nothing_and_sends_nothing_stale(
    world: World, seed: int, capsys: pytest.CaptureFixture[str]
) -> None:
    chance = random.Random(seed)
    history = [some_accounts(chance)]
    seen: dict[str, int] = {}
    for _ in range(2):
        world.publish(history[-1])
        with capsys.disabled():
            sys.stdout.write(f"\nseed {seed}, {killed_sync(world, chance)} ")
        now = versions(world)
        assert all(now[key] >= version for key, version in seen.items())
        seen = now
        # Half of the time back to what was there before: then only the outbox knows of the doubt.
        history.append(chance.choice([history[max(0, len(history) - 2)], some_accounts(chance)]))
    world.publish(history[-1])
    result = world.sync()
    assert (result.rejected, result.pending) == (0, 0)
    assert world.traits() == wanted(history[-1])
    assert world.sync().sent == 0
    assert world.state("select count(*) from sync.outbox where status = 'pending'") == [(0,)]


def test_what_the_store_took_but_nobody_remembered_is_taken_back(world: World) -> None:
    """The narrowest point: committed in the store, the process gone before it was remembered."""
    first, second = {"a": {"stripe.mrr": 1}}, {"a": {"stripe.mrr": 2, "stripe.metadata.k": "v"}}
    world.publish(first)
    world.sync()

    def die(_done: int, _total: int) -> None:
        raise KeyboardInterrupt

    world.publish(second)
    with pytest.raises(KeyboardInterrupt):
        world.sync(on_progress=die)
    assert world.traits() == second
    world.publish({"a": {"stripe.mrr": 1, "stripe.currentPeriodEnd": "no date"}})
    assert world.sync().invalid == 1  # the doubt outlives a value that keeps the account out
    world.publish(first)
    assert world.sync().acknowledged == 1
    assert world.traits() == first
    assert world.sync().sent == 0
    statuses = world.state("select status from sync.sync_runs order by version")
    assert statuses == [("done",), ("interrupted",), ("done",), ("done",)]
    superseded = "select account_id from sync.sync_changelog where status = 'superseded'"
    assert set(world.state(superseded)) == {("a",)}


@pytest.mark.usefixtures("one_lane")
def test_an_older_run_that_is_still_sending_is_overtaken_not_followed(world: World) -> None:
    world.publish({f"a{i}": {"stripe.email": "old"} for i in range(4)})
    inner: list[Any] = []

    def overtake(_done: int, _total: int) -> None:
        if not inner:
            inner.append(None)
            world.publish({f"a{i}": {"stripe.email": "new"} for i in range(4)})
            inner.append(world.sync(run_id="overtaker"))

    result = world.sync(run_id="slow", batch_size=1, on_progress=overtake)
    assert inner[1].acknowledged == 4
    assert (result.acknowledged, result.rejected) == (1, 3)
    assert {traits["stripe.email"] for traits in world.traits().values()} == {"new"}
    assert world.sync().sent == 0


@contextmanager
def held(world: World) -> Iterator[Callable[[], None]]:
    """A write lock on the store, held by somebody else until the given function is called."""
    if world.url.startswith("sqlite"):
        store: Any = SqliteStore(Path(world.url.removeprefix("sqlite:///")), label="held")
        connection = store._connection
        connection.execute("begin immediate")
    else:
        store = PostgresStore(world.url, label="held")
        connection = store._connection
        connection.execute("update accounts set name = 'held' where account_id = 'a1'")
    try:
        yield lambda: connection.execute("rollback")
    finally:
        store.close()


@pytest.mark.usefixtures("one_lane")
def test_the_sender_holds_no_lock_while_the_store_is_slow(world: World) -> None:
    world.publish({"a0": {"stripe.mrr": 1}, "a1": {"stripe.mrr": 1}})
    world.sync()
    world.publish({"a0": {"stripe.mrr": 2}, "a1": {"stripe.mrr": 2}})
    first_batch, go_on = threading.Event(), threading.Event()
    results: list[Any] = []

    def stop_after_the_first(done: int, _total: int) -> None:
        if done == 1:
            first_batch.set()
            assert go_on.wait(30)

    def send() -> None:
        results.append(world.sync(batch_size=1, on_progress=stop_after_the_first))

    sender = threading.Thread(target=send)
    sender.start()
    assert first_batch.wait(30)
    with held(world) as release:
        go_on.set()
        wait_until_blocked(world)
        # Another process writes to the warehouse meanwhile: DuckDB lets only one in at a time.
        write = f"import duckdb; duckdb.connect({str(world.folder / 'warehouse.duckdb')!r})"
        load = f"{write}.execute('create table loaded as select 1')"
        subprocess.run([sys.executable, "-c", load], check=True, timeout=30)
        assert sender.is_alive()
        release()
    sender.join(30)
    assert results[0].acknowledged == 2
    assert world.traits()["a1"] == {"stripe.mrr": 2}


def wait_until_blocked(world: World) -> None:
    """Until the sender waits for the store; SQLite cannot tell, so a moment has to do."""
    if world.url.startswith("sqlite"):
        time.sleep(0.3)
        return
    waiting = "select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
    with psycopg.connect(world.url, autocommit=True) as connection:
        for _ in range(300):
            if connection.execute(waiting).fetchone() == (1,):
                return
            time.sleep(0.05)
    raise AssertionError("the sender never came to wait for the store")
