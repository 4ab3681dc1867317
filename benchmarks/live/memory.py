"""How much memory Dagster's daemon, its code server and a live run take together, and how long the
code location takes to load.

Enters: --customers. Leaves: PSS of each process (its own pages, and its part of shared ones), at
its greatest over --seconds with a change a second; exit 1 where that is over a GiB, or loading
takes ten seconds or more.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

from benchmarks.live.latency import changes
from benchmarks.live.world import World, world

GIB, LOADED_WITHIN = 1024.0, 10.0
NAMES = {
    "daemon": "daemon",
    "api grpc": "code server",
    "spawn_main": "live run",
    "resource_tracker": "live run",
}


def load_seconds() -> float:
    """Of the code location, in a process without a secret or a setting."""
    began = time.monotonic()
    command = [sys.executable, "-c", "import orchestration.definitions"]
    subprocess.run(command, check=True, env={"PATH": ""}, cwd=Path(__file__).parents[2])
    return time.monotonic() - began


def measured(pids: list[int]) -> dict[str, float]:
    """PSS in MiB by process, of these and all below them; one that has just ended has none."""
    found = {}
    for above in map(psutil.Process, pids):
        for one in (above, *above.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                found[f"{_name(one)} {one.pid}"] = one.memory_full_info().pss / 2**20
    return found


def _name(one: psutil.Process) -> str:
    said = " ".join(one.cmdline())
    return next((name for part, name in NAMES.items() if part in said), "other")


def watch(built: World, seconds: float) -> dict[str, float]:
    """The moment at which the sum was greatest, while a change comes each second."""
    greatest: dict[str, float] = {}
    planned = changes(built, int(seconds))
    ended = time.monotonic() + seconds
    while time.monotonic() < ended:
        change = next(planned, None)
        if change:
            built.write("/sandbox/clock", now=int(time.time()))
            built.write(change.path, **change.fields)
        now = measured(built.refreshers)
        greatest = max(greatest, now, key=lambda one: sum(one.values()))
        time.sleep(1)
    return greatest


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=120)
    options = parser.parse_args()
    loading = load_seconds()
    with (
        tempfile.TemporaryDirectory() as name,
        world(Path(name), customers=options.customers, seed=1, through="daemon") as built,
    ):
        found = watch(built, options.seconds)
    table = Table("process", "PSS, MiB")
    for process, size in found.items():
        table.add_row(process, f"{size:,.0f}")
    whole = sum(found.values())
    table.add_row("together", f"{whole:,.0f}")
    console = Console()
    console.print(table)
    console.print(f"the code location loads in {loading:.1f} s")
    sys.exit(0 if whole < GIB and loading < LOADED_WITHIN else 1)


if __name__ == "__main__":
    main()
