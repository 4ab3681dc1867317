"""What a command costs from start to exit: a first `sync`, one that finds a change, one that finds
nothing, and those that only look.

Enters: --customers, --turns, --seed. Leaves: a table, or JSON; exit code 1 where a goal is missed.
The sandbox is a process of its own and without latency; the account store is the SQLite file.
"""

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import httpx

from benchmarks.load.initial_import import CONDITIONS, sandbox
from benchmarks.processes import PROGRAM, environment
from benchmarks.showing import Rows, arguments
from orchestration.configuration.settings import SANDBOX_KEY

AS_OF = ("--as-of", "2025-06-15")
CUSTOMER = "{customer}"
COLUMNS = ("command", "times", "seconds", "CPU s", "goal")


@dataclass(frozen=True)
class Command:
    """`goal`: most seconds, of the processor where `of_processor`; the median of all turns."""

    name: str
    words: tuple[str, ...]
    goal: float
    of_processor: bool = True
    once: bool = False
    changes: bool = False  # something at Stripe, before each turn


COMMANDS = (
    Command("sync, the first", ("sync", *AS_OF), 15, of_processor=False, once=True),
    Command("sync, one change", ("sync", *AS_OF), 2.5, of_processor=False, changes=True),
    Command("sync, nothing changed", ("sync", *AS_OF), 1),
    Command("status", ("status",), 0.5),
    Command("explain", ("explain", CUSTOMER), 0.5),
    Command("--help", ("--help",), 0.3),
)


def measured(command: Command, ours: "Business", turns: int, folder: Path) -> Any:
    """Medians of seconds and of seconds of processor."""
    url = str(ours.stripe.base_url)
    given = environment(STRIPE_API_BASE=url, DATA_DIR=str(folder / "data"))
    words = [ours.customer if word == CUSTOMER else word for word in command.words]
    took = []
    for _ in range(1 if command.once else turns):
        if command.changes:
            ours.change()
        used, began = _processor(), time.monotonic()
        subprocess.run(
            [PROGRAM, *words], env=given, cwd=folder, stdout=subprocess.DEVNULL, check=True
        )
        took.append((time.monotonic() - began, _processor() - used))
    seconds, processor = (median(part) for part in zip(*took, strict=True))
    return {"command": command.name, "times": len(took), "seconds": seconds, "processor": processor}


def _processor() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def missed(command: Command, row: Any) -> bool:
    return bool(row["processor" if command.of_processor else "seconds"] > command.goal)


def cells(command: Command, row: Any) -> list[str]:
    goal = f"{command.goal:g} {'CPU s' if command.of_processor else 's'}"
    took = (f"{row[name]:.2f}" for name in ("seconds", "processor"))
    return [command.name, str(row["times"]), *took, goal]


@dataclass(frozen=True)
class Business:
    """Where its Stripe is, and a customer whose name changes."""

    stripe: httpx.Client
    customer: str

    def change(self) -> None:
        named = {"name": f"Renamed {time.monotonic_ns()}"}
        self.stripe.post(f"/v1/customers/{self.customer}", data=named).raise_for_status()


@contextmanager
def business(customers: int, seed: int, folder: Path) -> Iterator[Business]:
    with (
        sandbox(customers, seed, folder, CONDITIONS[0]) as url,
        httpx.Client(base_url=url, auth=(SANDBOX_KEY, ""), trust_env=False) as stripe,
    ):
        [customer] = stripe.get("/v1/customers", params={"limit": 1}).json()["data"]
        yield Business(stripe, customer["id"])


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--customers", type=int, default=2_000)
    parser.add_argument("--turns", type=int, default=5)
    options = parser.parse_args()
    rows, lost, shown = [], [], Rows(*COLUMNS)
    with (
        tempfile.TemporaryDirectory() as name,
        business(options.customers, options.seed, Path(name)) as ours,
    ):
        for command in COMMANDS:
            rows.append(row := measured(command, ours, options.turns, Path(name)))
            shown.add(cells(command, row))
            if missed(command, row):
                lost.append(f"{command.name}: {' | '.join(cells(command, row)[2:])}")
    return shown.end(rows, as_json=options.json, missed=lost)


if __name__ == "__main__":
    sys.exit(main())
