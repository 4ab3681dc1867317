"""How long a change at Stripe takes to the account's row in the account store.

Enters: --through live (the resident loop) or refresh (Dagster's daemon, its sensor and runs),
--customers, --seconds, --rate, and --burst: so many more changes at once at the end. Leaves: p50,
p95 and p99 in seconds from the moment the change is asked for at the sandbox to the moment the row
can be read, and where they go, the burst's apart; exit 1 where a change was lost or a goal is
missed.

Sandbox, webhook receiver and refresh are processes of their own. Every change is of another
account: renamed customers and changed seats in turns. Nothing is warmed up or left out.
"""

import argparse
import json
import sqlite3
import sys
import tempfile
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.live.changes import Change, changes
from benchmarks.live.world import World, world

GOALS = {"live": {"p50": 0.7, "p95": 1.0}, "refresh": {"p95": 10.0}}  # seconds
BURST_GOAL = {"p95": 3.0}
PATIENCE = 120  # seconds for the last change to arrive
SHARES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}


class Watch:
    """The account store as a reader sees it: which changes have arrived."""

    def __init__(self, built: World) -> None:
        path = built.data / "accounts.db"
        self._store = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
        self._seen = 0
        self.waiting: dict[str, Change] = {}

    def versions(self, accounts: list[str]) -> dict[str, int]:
        marks = ",".join("?" * len(accounts))
        asked = f"select account_id, version from accounts where account_id in ({marks})"
        return dict(self._store.execute(asked, accounts).fetchall())

    def look(self) -> None:
        """Costs nothing while nobody has written."""
        (now,) = self._store.execute("pragma data_version").fetchone()
        if now == self._seen or not self.waiting:
            return
        self._seen, at = now, time.time()
        for account, version in self.versions(list(self.waiting)).items():
            if version > self.waiting[account].version:
                self.waiting.pop(account).arrived = at


def measure(built: World, planned: list[Change], *, rate: float, burst: int) -> None:
    """Make each change when it is due, the last `burst` at once; watch until all have arrived."""
    watch = Watch(built)
    versions = watch.versions([change.account for change in planned])
    began, steady = time.time(), len(planned) - burst
    for number, change in enumerate(planned):
        due = began + min(number, steady) / rate
        watch.look()  # a burst takes seconds to be asked for, and what it changes arrives meanwhile
        while time.time() < due:
            watch.look()
            time.sleep(0.01)
        change.version = versions[change.account]
        change.sent = time.time()
        watch.waiting[change.account] = change
        built.write("/sandbox/clock", now=int(change.sent))
        built.write(change.path, **change.fields)
    ended = time.time() + PATIENCE
    while watch.waiting and time.time() < ended:
        watch.look()
        time.sleep(0.01)


def received(built: World) -> dict[str, float]:
    """When the inbox had the last event of each object."""
    with closing(sqlite3.connect(built.data / "events.db")) as inbox:
        rows = inbox.execute(
            "select object_id, max(received_at) from pointers join events"
            " on events.id = pointers.event_id group by 1"
        ).fetchall()
    return {name: datetime.fromisoformat(at).replace(tzinfo=UTC).timestamp() for name, at in rows}


def parts(change: Change, got: float, cycles: list[dict[str, Any]]) -> dict[str, float]:
    """Where the change's seconds went: until it was received, until its cycle began, its stages.

    What its cycle did after the row was written is not the change's, and cut off.
    """
    arrived = change.arrived or float("inf")
    mine = [one for one in cycles if one["at"] <= arrived]
    if not mine:
        return {}
    cycle, spent = mine[-1], {"receive": got - change.sent}
    spent["wait"] = max(cycle["at"] - got, 0.0)
    left = arrived - change.sent - spent["receive"] - spent["wait"]
    for stage, took in cycle["seconds"].items():
        spent[stage] = max(min(took, left), 0.0)
        left -= spent[stage]
    return spent


def at(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return round(ordered[int(share * (len(ordered) - 1))], 2)


def rows(built: World, times: dict[str, float], done: list[Change]) -> dict[str, dict[str, float]]:
    """A row a stage and the whole: mean and percentiles in seconds."""
    spent = [parts(change, times[change.object_id], built.cycles) for change in done]
    columns = {name: [one.get(name, 0.0) for one in spent] for one in spent for name in one}
    columns["change to store"] = [change.seconds for change in done]
    return {
        name: {
            "mean": round(sum(values) / len(values), 2),
            **{share: at(values, part) for share, part in SHARES.items()},
        }
        for name, values in columns.items()
        if values
    }


def split(built: World, planned: list[Change], *, burst: int) -> dict[str, dict[str, float]]:
    """The rows of the changes that came one by one, then those of the burst."""
    times, steady = received(built), len(planned) - burst
    for cycle in built.cycles:
        cycle["at"] = datetime.fromisoformat(cycle["began"]).timestamp()
    ones, others = (
        rows(built, times, [change for change in some if change.arrived])
        for some in (planned[:steady], planned[steady:])
    )
    return ones | {f"burst of {burst:,}: {stage}": row for stage, row in others.items()}


def missed(told: dict[str, Any]) -> list[str]:
    """A line for what was lost, and for each goal that was missed."""
    lines = [f"never arrived: {', '.join(told['lost'])}"] if told["lost"] else []
    goals = {"change to store": GOALS[told["through"]]}
    goals |= {name: BURST_GOAL for name in told["seconds"] if name.endswith(": change to store")}
    for name, goal in goals.items():
        found = told["seconds"][name]
        lines += [
            f"{name}: {share} {found[share]:.2f} s, goal {seconds:g}"
            for share, seconds in goal.items()
            if found[share] >= seconds
        ]
    return lines


def report(told: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(told))
        return
    table = Table("seconds", "mean", *SHARES)
    for name, row in told["seconds"].items():
        table.add_row(name, *(f"{value:.2f}" for value in row.values()))
    console = Console()
    console.print(table)
    said = {name: value for name, value in told.items() if name != "seconds"}
    said["lost"] = ", ".join(told["lost"]) or "none"
    console.print(", ".join(f"{name} {value}" for name, value in said.items()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--through", choices=GOALS, default="live")
    parser.add_argument("--customers", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--rate", type=float, default=1.0)
    parser.add_argument("--burst", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as name,
        world(
            Path(name), customers=options.customers, seed=options.seed, through=options.through
        ) as built,
    ):
        count = int(options.seconds * options.rate) + options.burst
        planned = list(changes(built, count))
        if len(planned) < count:
            raise SystemExit(f"{count} changes need more --customers")
        measure(built, planned, rate=options.rate, burst=options.burst)
        told = {
            "through": options.through,
            "customers": options.customers,
            "changes": count,
            "lost": sorted(change.object_id for change in planned if not change.arrived),
            "seconds": split(built, planned, burst=options.burst),
        }
    told["missed"] = missed(told)
    report(told, as_json=options.json)
    sys.exit(1 if told["missed"] else 0)


if __name__ == "__main__":
    main()
