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
from pathlib import Path

from latency import changes
from latency_world import World, world
from rich.console import Console
from rich.table import Table

GIB, LOADED_WITHIN = 1024.0, 10.0
NAMES = {"dagster-daemon": "daemon", "code-server": "code server", "grpc": "code server"}


def load_seconds() -> float:
    """Of the code location, in a process without a secret or a setting."""
    began = time.monotonic()
    command = [sys.executable, "-c", "import orchestration.definitions"]
    subprocess.run(command, check=True, env={"PATH": ""}, cwd=Path(__file__).parents[1])
    return time.monotonic() - began


def tree(pid: int) -> list[int]:
    """A process and all below it."""
    children = Path(f"/proc/{pid}/task/{pid}/children")
    found = children.read_text().split() if children.exists() else []
    return [pid, *(below for child in found for below in tree(int(child)))]


def measured(pid: int) -> dict[str, float]:
    """PSS in MiB by process; one that has just ended has none."""
    found = {}
    for one in tree(pid):
        try:
            lines = Path(f"/proc/{one}/smaps_rollup").read_text().splitlines()
            said = Path(f"/proc/{one}/cmdline").read_bytes().split(b"\0")
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
        [pss] = [int(line.split()[1]) for line in lines if line.startswith("Pss:")]
        text = b" ".join(said).decode()
        name = next((name for part, name in NAMES.items() if part in text), "live run")
        found[f"{name} {one}"] = pss / 1024
    return found


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
        now = measured(built.refresher)
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
