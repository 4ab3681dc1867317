"""How long the initial import takes, beside a bare loop that fetches the same lists.

Enters: --sizes (customers), --conditions, --seed. Leaves: a table, or JSON; exit code 1 where a
goal is missed. The sandbox is a process of its own, so is each reader; a population is filled once
and served under each condition. Ratios are of one run: a slow machine slows both.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.processes import PROGRAM, process
from benchmarks.showing import Rows, arguments

KEY = "sk_live_benchmark"
LIMIT = 25.0  # requests a second that Stripe allows an endpoint
ONCE = [sys.executable, "-m", "benchmarks.load.import_once"]
GROWTH = 1.15  # of peak memory from one size to one that is at least twice as large


@dataclass(frozen=True)
class Condition:
    """How the sandbox answers; `goals`: times of the floor that are allowed, by customers from how
    many on."""

    name: str
    options: tuple[str, ...]
    per_second: float = 0.0
    goals: Mapping[int, float] = field(default_factory=dict)

    def most(self, customers: int) -> float | None:
        return next(
            (self.goals[n] for n in sorted(self.goals, reverse=True) if n <= customers), None
        )

    @property
    def command(self) -> list[str]:
        return [*self.options, "--key", KEY]


LATE = ("--latency", "0.05")
CONDITIONS = (
    Condition("0 ms", ()),
    Condition("50 ms", LATE, goals={0: 2.0, 100_000: 1.6}),
    Condition("0 ms, limits", ("--limits",), LIMIT),
    Condition("50 ms, limits", (*LATE, "--limits"), LIMIT, goals={0: 1.2}),
)


@contextmanager
def sandbox(customers: int, seed: int, folder: Path, condition: Condition) -> Iterator[str]:
    """A population of that size, made once a folder; its address."""
    made = [PROGRAM, "sandbox", "--port", "0", "--customers", str(customers), "--seed", str(seed)]
    kept = ["--now", "2025-06-15", "--data", str(folder / f"sandbox-{customers}-{seed}.db")]
    with process([*made, *kept, *condition.command], folder) as started:
        yield next(line.split()[-1] for line in started.stdout or () if "ready" in line)


def once(what: str, url: str, condition: Condition, folder: Path) -> dict[str, float]:
    """One reader, in a process of its own."""
    with tempfile.TemporaryDirectory(dir=folder) as name:
        command = [*ONCE, what, url, KEY, str(condition.per_second), name]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def measured(sizes: list[int], conditions: list[Condition], seed: int) -> Iterator[dict[str, Any]]:
    """A row a size and condition."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for customers in sizes:
            for condition in conditions:
                with sandbox(customers, seed, folder, condition) as url:
                    floor = once("floor", url, condition, folder)
                    taken = once("import", url, condition, folder)
                yield {
                    "customers": customers,
                    "condition": condition.name,
                    "most": condition.most(customers),
                    "floor": floor,
                    "import": taken,
                    "ratio": taken["seconds"] / floor["seconds"],
                }


def cells(row: dict[str, Any]) -> list[str]:
    """A row of the table."""
    floor, taken = row["floor"], row["import"]
    goal = f" (at most {row['most']:g})" if row["most"] else ""
    return [
        f"{row['customers']:,}",
        row["condition"],
        f"{taken['objects']:,.0f}",
        f"{floor['seconds']:.1f}",
        f"{taken['seconds']:.1f}",
        f"{row['ratio']:.2f}{goal}",
        f"{taken['objects'] / taken['seconds']:,.0f}",
        f"{floor['processor']:.1f}",
        f"{taken['processor']:.1f}",
        f"{taken['peak']:,.0f}",
    ]


COLUMNS = (
    *("customers", "an answer takes", "objects", "floor, s", "import, s", "times the floor"),
    *("objects/s", "floor, CPU s", "import, CPU s", "peak MiB"),
)


def missed(rows: list[dict[str, Any]]) -> list[str]:
    """A line for each goal that is missed."""
    lines = [
        f"{row['customers']:,} customers, {row['condition']}: {row['ratio']:.2f} times the floor"
        for row in rows
        if row["most"] and row["ratio"] > row["most"]
    ]
    peaks = {row["customers"]: row["import"]["peak"] for row in rows}  # the last condition's
    for small, large in zip(peaks, list(peaks)[1:], strict=False):
        if small >= 50_000 and peaks[large] > GROWTH * peaks[small]:
            lines.append(f"peak memory grows from {peaks[small]:,.0f} to {peaks[large]:,.0f} MiB")
    return lines


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000])
    names = [condition.name for condition in CONDITIONS]
    parser.add_argument("--conditions", nargs="+", choices=names, default=names)
    options = parser.parse_args()
    conditions = [one for one in CONDITIONS if one.name in options.conditions]
    rows, shown = [], Rows(*COLUMNS)
    for row in measured(options.sizes, conditions, options.seed):
        rows.append(row)
        shown.add(cells(row))
    return shown.end(rows, as_json=options.json, missed=missed(rows))


if __name__ == "__main__":
    sys.exit(main())
