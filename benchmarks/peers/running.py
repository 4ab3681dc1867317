"""What every peer is measured by: its own environment, a process, what it landed.

Enters: a command. Leaves: seconds and peak memory of that process, and objects by id.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.processes import environment

Objects = dict[str, Any]  # by id, as last seen
Kinds = dict[str, Objects]
Changing = Callable[[], None]
KEY = "sk_test_sandbox"
CONFIG = {  # of the peers that print
    "start_date": "2022-01-01T00:00:00Z",
    "account_id": "acct_1Sandbox0000000000",
    "client_secret": KEY,
}
STREAMS = ("products", "coupons", "customers", "subscriptions", "subscription_items", "invoices")


@dataclass
class Run:
    """Seconds, MiB at most, and what came: objects by kind and id."""

    seconds: float
    peak: float
    found: Kinds = field(default_factory=dict)


@dataclass(frozen=True)
class Peer:
    """`install` takes a folder that is kept; `read` reads into a folder, at first and again:
    between both `changing` is called, by who needs to hear of changes as they come."""

    name: str
    settings: str
    install: Callable[[Path], None]
    session: Callable[[Path, str, Path], AbstractContextManager["Session"]]


class Session:
    """One peer on one account; `first` imports, `again` brings what has changed since."""

    def first(self) -> Run:
        raise NotImplementedError

    def again(self, change: Changing) -> Run:
        """`change` makes the changes; the time begins after them."""
        raise NotImplementedError


class Printing(Session):
    """A peer that prints what it reads, and goes on from a state that it printed."""

    def first(self) -> Run:
        return self.read([])

    def again(self, change: Changing) -> Run:
        change()
        return self.read(["--state", "state.json"])

    def read(self, more: list[str]) -> Run:
        raise NotImplementedError


def python(kept: Path, package: str) -> None:
    """A virtual environment with that package, made where it is missing."""
    if not (kept / "bin" / "python").exists():
        subprocess.run([sys.executable, "-m", "venv", str(kept)], check=True)
    pip = [str(kept / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check", package]
    _run(pip, kept)


def node(kept: Path, package: str) -> None:
    """A folder of node modules with that package."""
    npm = shutil.which("npm")
    if not npm:
        raise SystemExit("npm is not installed")
    kept.mkdir(parents=True, exist_ok=True)
    _run([npm, "install", "--no-fund", "--no-audit", "--prefix", str(kept), package], kept)


def _run(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{command[0]} failed: {done.stderr[-500:]}")


def child(command: list[str], folder: Path, out: Path, **settings: str) -> Run:
    """A process until its end; what it prints goes to the file."""
    began = time.monotonic()
    with out.open("w") as written, (folder / "log").open("a") as log:
        started = subprocess.Popen(
            command, cwd=folder, env=environment(**settings), stdout=written, stderr=log
        )
        _, status, used = os.wait4(started.pid, 0)
        started.returncode = os.waitstatus_to_exitcode(status)
    if started.returncode:
        said = (folder / "log").read_text().strip().splitlines()[-3:]
        raise SystemExit(f"{command[0]} ended with {started.returncode}: {' / '.join(said)[-600:]}")
    return Run(time.monotonic() - began, used.ru_maxrss / 1024)


def kinds(records: Iterable[tuple[str, Any]]) -> Kinds:
    found: Kinds = {}
    for kind, record in records:
        found.setdefault(kind, {})[record["id"]] = record
    return found


def lines(path: Path) -> Iterable[Any]:
    """Messages of a process, one JSON a line."""
    with path.open() as held:
        yield from (json.loads(line) for line in held if line.startswith("{"))
