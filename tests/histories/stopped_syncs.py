"""SIGINT and SIGTERM to syncs at random moments: each ends at once, with one line and its code.

As a program it stops as many as it is told to, and prints the seed:
`python tests/histories/stopped_syncs.py --stops 40 --seed 1`.

Before each sync a customer begins to pay. Whatever was stopped and whenever: after a last sync the
account store holds all of them.
"""

import argparse
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from command_line import PATIENCE_SECONDS, PROGRAM, environment
from local_stripe import LocalStripe, stripe_in
from pipeline import Pipeline, pipeline_of, subscribe, subscribed

ENDS = {signal.SIGINT: 130, signal.SIGTERM: 143}
LATE = 1.1  # of a sync's time: now and then it has ended already
NEVER = ("Traceback", "FATAL", "Error:")


@dataclass
class Stops:
    """Syncs of one business, stopped one after the other; `ended` counts their exit codes."""

    pipeline: Pipeline
    seed: int
    customers: int = 0
    seconds: float = 0.0  # of the last sync that was not stopped
    ended: Counter[int] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)

    def sync(self) -> None:
        """To its end."""
        self._subscribe()
        began = time.monotonic()
        code, said = _ended(self._begun())
        self.seconds = time.monotonic() - began
        assert code == 0, said

    def stop_one(self) -> None:
        self._subscribe()
        asked = self.random.choice(sorted(ENDS))
        moment = self.random.uniform(0, self.seconds * LATE)
        process = self._begun()
        time.sleep(moment)
        process.send_signal(asked)
        code, said = _ended(process)
        when = f"after {moment:.2f} of {self.seconds:.2f} s"
        told = f"seed {self.seed}: signal {asked} {when}: exit {code}: {said}"
        # Before the program listens, the signal itself ends it: the shell shows the same code.
        assert code in (ENDS[asked], -asked, 0), told
        assert not any(word in said for word in NEVER), told
        self.ended[ENDS[asked] if code else 0] += 1

    def check(self) -> None:
        self.sync()
        with sqlite3.connect(self.pipeline.folder / "accounts.db") as store:
            held = store.execute("select account_id, lifecycle_status from accounts").fetchall()
        every = {f"cus_{number}" for number in range(self.customers)}
        assert {account for account, status in held if status == "subscribed"} == every
        assert len(held) == len(every)

    def _begun(self) -> "subprocess.Popen[str]":
        stripe = self.pipeline.stripe
        return subprocess.Popen(
            [PROGRAM, "sync", "--as-of", "2025-06-15"],
            cwd=stripe.folder,
            env=environment(STRIPE_API_BASE=stripe.url),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )

    def _subscribe(self) -> None:
        subscribe(self.pipeline, str(self.customers))
        self.customers += 1


def _ended(process: "subprocess.Popen[str]") -> tuple[int, str]:
    """Its exit code, and what it said on standard error."""
    _, said = process.communicate(timeout=PATIENCE_SECONDS)
    return process.returncode, said


def stops(stripe: LocalStripe, patch: pytest.MonkeyPatch, *, seed: int, count: int) -> Stops:
    """So many syncs stopped, and what is left looked at."""
    made = Stops(subscribed(pipeline_of(stripe, patch)), seed)
    made.sync()
    made.sync()  # how long one takes that is not the first
    for _ in range(count):
        made.stop_one()
    made.check()
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stops", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    sys.stdout.write(f"seed {options.seed}\n")
    with (
        tempfile.TemporaryDirectory() as name,
        pytest.MonkeyPatch.context() as patch,
        stripe_in(Path(name)) as stripe,
    ):
        made = stops(stripe, patch, seed=options.seed, count=options.stops)
    counts = ", ".join(f"{count} with exit {code}" for code, count in sorted(made.ended.items()))
    sys.stdout.write(f"{options.stops} syncs stopped, {counts}; the store is true\n")


if __name__ == "__main__":
    main()
