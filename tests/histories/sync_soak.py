"""kill -9 of syncs at random points, many of them, each from a process that is warm already.

As a program it kills until it has killed enough, and prints the seeds:
`python tests/histories/sync_soak.py --kills 200 --seed 1 [--url postgresql://...]`.

Each account carries the generation in which it last changed. Whatever is killed and whenever: a
generation in the store never falls, never runs ahead, and in the end is the newest.
"""

import argparse
import os
import pickle
import random
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
from reverse_sync_world import AS_OF, World

from orchestration.file_lock import writer_lock
from reverse_sync.deliver.result import SyncResult

ACCOUNTS = 24
BATCH = 2
GENERATION = "stripe.generation"
LOG = (
    "create table if not exists writes (account_id text, version integer)",
    "create trigger if not exists on_insert after insert on accounts"
    " begin insert into writes values (new.account_id, new.version); end",
    "create trigger if not exists on_update after update on accounts"
    " begin insert into writes values (new.account_id, new.version); end",
)

Accounts = dict[str, dict[str, Any]]


class Shared(World):
    """A world whose locks hold between processes, as the orchestrator's do."""

    @contextmanager
    def warehouse(self) -> Iterator[duckdb.DuckDBPyConnection]:
        lock = writer_lock(self.folder / "warehouse.lock", purpose="soak")
        with lock, duckdb.connect(str(self.folder / "warehouse.duckdb")) as connection:
            yield connection

    def lease(self) -> AbstractContextManager[None]:
        return writer_lock(self.folder / "store.lock", purpose="soak", what="the store")


def forked(work: Callable[[], Any]) -> tuple[int, int]:
    """A child that does the work and pickles what comes of it: its pid, the pipe to read from."""
    out, into = os.pipe()
    pid = os.fork()
    if pid:
        os.close(into)
        return pid, out
    code = 1
    try:
        os.close(out)
        with os.fdopen(into, "wb") as pipe:
            pickle.dump(work(), pipe)
        code = 0
    except BaseException:  # noqa: BLE001 (the parent hears of it by the exit code)
        traceback.print_exc()
    finally:
        os._exit(code)


def result_of(child: tuple[int, int]) -> Any:
    """What the child brought; raises where it failed."""
    pid, out = child
    with os.fdopen(out, "rb") as pipe:
        brought = pipe.read()
    status = os.waitpid(pid, 0)[1]
    if status:
        raise AssertionError(f"the child ended with {status}")
    return pickle.loads(brought)


def ended(child: tuple[int, int]) -> bool:
    """Kills the child; whether it had ended by itself before."""
    pid, out = child
    os.kill(pid, signal.SIGKILL)
    os.close(out)
    return os.waitpid(pid, 0)[1] == 0


@dataclass
class Soak:
    """One world, its history, and what was killed in it."""

    world: Shared
    chance: random.Random
    kills: int = 0
    generation: int = 0
    seconds: float = 0.5
    accounts: Accounts = field(default_factory=dict)
    seen: dict[str, int] = field(default_factory=dict)

    def start(self) -> None:
        """A first import, whole."""
        self._change()
        assert self._sync().creates == ACCOUNTS

    def round(self) -> str:
        """Some kills, perhaps with a second process beside them, then a sync that ends."""
        told = [self._killed() for _ in range(self.chance.randint(1, 4))]
        began = time.monotonic()
        result = self._sync()
        self.seconds = max(time.monotonic() - began, 0.05)
        assert (result.rejected, result.pending, result.blocked) == (0, 0, 0)
        result_of(forked(self._settled))
        return " ".join(told)

    def together(self) -> None:
        """Two processes at once, none killed: each change goes out once."""
        self._change()
        changed = [
            name for name, traits in self.accounts.items() if traits[GENERATION] == self.generation
        ]
        before = len(self._writes())
        pair = [forked(lambda name=name: self._run(name)) for name in ("one", "two")]
        results = [result_of(child) for child in pair]
        assert sorted(result.sent for result in results) == [0, len(changed)]
        assert sorted(name for name, _ in self._writes()[before:]) == sorted(changed)
        result_of(forked(self._settled))

    def _killed(self) -> str:
        if self.chance.random() < 0.6:
            self._change()
        children = [forked(lambda: self._run("killed"))]
        if self.chance.random() < 0.3:
            children.append(forked(lambda: self._run("beside")))
        wait = self.chance.random() * self.seconds * 1.2
        time.sleep(wait)
        done = [ended(child) for child in children]
        self.kills += done.count(False)
        self.seen = result_of(forked(self._not_stale))
        return f"{wait:.3f}s" + ("*" if all(done) else "")

    def _change(self) -> None:
        self.generation += 1
        names = [f"a{i:02}" for i in range(ACCOUNTS)]
        for name in names if not self.accounts else self.chance.sample(names, 12):
            plan = {"stripe.metadata.plan": "x"} if self.chance.random() < 0.5 else {}
            status = self.chance.choice(["active", "canceled", None])
            self.accounts[name] = {
                GENERATION: self.generation,
                "stripe.mrr": self.chance.choice([None, 10, 20]),
                "stripe.currentSubscriptionStatus": status,
                **plan,
            }
        result_of(forked(lambda: self.world.publish(self.accounts)))

    def _run(self, name: str) -> SyncResult:
        run_id = f"{name}-{self.generation}-{self.chance.random()}"
        return self.world.sync(run_id=run_id, batch_size=BATCH, lease=self.world.lease, as_of=AS_OF)

    def _sync(self) -> SyncResult:
        found: SyncResult = result_of(forked(lambda: self._run("whole")))
        self.seen = result_of(forked(self._generations))
        return found

    def _generations(self) -> dict[str, int]:
        return {name: int(t.get(GENERATION, 0)) for name, t in self.world.traits().items()}

    def _not_stale(self) -> dict[str, int]:
        now = self._generations()
        for name, generation in now.items():
            assert self.seen.get(name, 0) <= generation <= self.accounts[name][GENERATION], name
        return now

    def _settled(self) -> None:
        """The store is what was published last, nothing waits, and every run's counts conserve."""
        wanted = {
            name: {trait: value for trait, value in traits.items() if value is not None}
            for name, traits in self.accounts.items()
        }
        assert self.world.traits() == wanted
        assert self._run("again").sent == 0
        assert self.world.state(
            "select count(*) from sync.outbox where status in ('pending', 'rejected', 'parked')"
        ) == [(0,)]
        assert (
            self.world.state(
                "select run_id from sync.sync_runs where sent <> acknowledged + rejected + pending"
                " or selected <> unchanged + sent + invalid + blocked + deferred"
                " or status not in ('done', 'interrupted')"
            )
            == []
        )

    def _writes(self) -> list[tuple[str, int]]:
        found: list[tuple[str, int]] = result_of(
            forked(lambda: self.world.store("select account_id, version from writes"))
        )
        return found

    def log_writes(self) -> None:
        """SQLite only: every write of an account is noted by the store itself."""
        result_of(forked(lambda: [self.world.store(statement) for statement in LOG]))


def soak(folder: Path, url: str, *, seed: int, kills: int) -> int:
    """Rounds until so many processes were killed; how many it were."""
    made = Soak(Shared(folder, url), random.Random(seed))
    made.start()
    while made.kills < kills:
        told = made.round()
        sys.stdout.write(f"seed {seed}: {made.kills} killed, after {told}\n")
        sys.stdout.flush()
    return made.kills


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--url", help="the account store; default: a SQLite file")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        url = options.url or f"sqlite:///{name}/accounts.db"
        killed = soak(Path(name), url, seed=options.seed, kills=options.kills)
    sys.stdout.write(f"{killed} processes killed, nothing lost, nothing stale\n")


if __name__ == "__main__":
    main()
