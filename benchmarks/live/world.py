"""The processes of the latency benchmark: a sandbox, a webhook receiver, and who refreshes.

Enters: how many customers, a folder, `live` or `refresh`. Leaves: their addresses and the cycles
that `live` told of. Each is a process of its own, as on a server.
"""

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from benchmarks.processes import PROGRAM, process
from orchestration.configuration.settings import SANDBOX_KEY

DAGSTER = [sys.executable, "-m", "orchestration.dagster_local.ui"]
PATIENCE = 300  # seconds until a process is ready


@dataclass
class World:
    """`cycles`: what `live` said, as it says it."""

    folder: Path
    stripe: httpx.Client
    cycles: list[dict[str, Any]] = field(default_factory=list)
    refreshers: list[int] = field(default_factory=list)  # process ids

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def write(self, path: str, **fields: object) -> Any:
        """One request to the sandbox, and its answer."""
        answer = self.stripe.post(path, data=fields)
        answer.raise_for_status()
        return answer.json()


@contextmanager
def world(folder: Path, *, customers: int, seed: int, through: str) -> Iterator[World]:
    """Everything imported, webhooks on their way, `live` or Dagster's daemon up."""
    with ExitStack() as open_:
        now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}"
        made = [PROGRAM, "sandbox", "--port", "0", "--customers", str(customers), "--now", now]
        sandbox = open_.enter_context(process([*made, "--seed", str(seed)], folder))
        url = next(line.split()[-1] for line in sandbox.stdout or () if "ready" in line)
        client = httpx.Client(
            base_url=url, headers={"Authorization": f"Bearer {SANDBOX_KEY}"}, trust_env=False
        )
        built = World(folder, open_.enter_context(client))
        imported = process([PROGRAM, "sync"], folder, STRIPE_API_BASE=url)
        with imported as importing:
            if importing.wait():
                raise SystemExit("the initial import failed")
        open_.enter_context(_receiver(built, url))
        open_.enter_context(_refresher(built, url, through))
        yield built


@contextmanager
def _receiver(built: World, url: str) -> Iterator[None]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    address = f"http://127.0.0.1:{port}/webhooks"
    endpoint = built.write("/v1/webhook_endpoints", url=address, **{"enabled_events[]": "*"})
    command = [PROGRAM, "webhooks", "--port", str(port)]
    settings = {"STRIPE_API_BASE": url, "STRIPE_WEBHOOK_SECRETS": endpoint["secret"]}
    with process(command, built.folder, **settings) as receiver:
        next(line for line in receiver.stdout or () if "receiving" in line)
        yield


@contextmanager
def _refresher(built: World, url: str, through: str) -> Iterator[None]:
    """Whoever brings changes to the account store; ready once it has looked for work."""
    before = _refreshed(built)
    # With LIVE the daemon keeps a live run up.
    settings = {"STRIPE_API_BASE": url, "LIVE": str(through == "daemon")}
    with ExitStack() as open_:
        commands = [[*DAGSTER, "code"], [*DAGSTER, "daemon"]]
        if through == "live":
            commands = [[PROGRAM, "live", "--json"]]
        for command in commands:
            refresher = open_.enter_context(process(command, built.folder, **settings))
            built.refreshers.append(refresher.pid)
            listener = threading.Thread(target=_listen, args=(refresher, built), daemon=True)
            listener.start()
        ended = time.monotonic() + PATIENCE
        while through != "refresh" and _refreshed(built) == before:
            if refresher.poll() is not None or time.monotonic() > ended:
                raise SystemExit(f"{through} did not start")
            time.sleep(0.1)
        yield


def _refreshed(built: World) -> int:
    return (built.data / "refreshed").stat().st_mtime_ns


def _listen(refresher: "subprocess.Popen[str]", built: World) -> None:
    with suppress(ValueError):  # closed: it was ended
        for line in refresher.stdout or ():
            if line.startswith("{"):
                built.cycles.append(json.loads(line))
