"""Processes of the cluster: started with a log of their own, waited for, ended by their pid.

Enters: a command. Leaves: a running process, or one line that names its log.
"""

import signal
import socket
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

LOOPBACK = "127.0.0.1"
PATIENCE_SECONDS = 240


class NotStarted(Exception):
    """A process has ended, or has not said in time that it is ready."""


@dataclass
class Processes:
    """What was started, in order; `logs` is the folder of their output."""

    logs: Path
    running: list[tuple["subprocess.Popen[bytes]", signal.Signals]] = field(default_factory=list)

    def start(
        self,
        name: str,
        command: list[str],
        *,
        ends_at: signal.Signals = signal.SIGTERM,
        **options: Any,
    ) -> "subprocess.Popen[bytes]":
        with (self.logs / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                # A session of its own: Ctrl-C is for whoever started the cluster, who ends it.
                command,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                **options,
            )
        self.running.append((process, ends_at))
        return process

    def wait_for(self, name: str, said: str, *, times: int = 1) -> None:
        """Until the log has `said` so often. Raises NotStarted."""
        log = self.logs / f"{name}.log"
        self._wait(name, lambda: log.read_text(errors="replace").count(said) >= times)

    def wait_for_port(self, name: str, port: int, address: str = LOOPBACK) -> None:
        """Until somebody listens there. Raises NotStarted."""
        self._wait(name, lambda: _listens(address, port))

    def _wait(self, name: str, ready: Any) -> None:
        until = time.monotonic() + PATIENCE_SECONDS
        while not ready():
            ended = any(process.poll() is not None for process, _ in self.running)
            if ended or time.monotonic() > until:
                log = self.logs / f"{name}.log"
                said = log.read_text(errors="replace").splitlines()[-5:]
                raise NotStarted("\n".join([f"{name} is not ready: {log} says why", *said]))
            time.sleep(0.2)

    def end(self) -> None:
        """The last one first; who does not listen is killed."""
        for process, ends_at in reversed(self.running):
            process.send_signal(ends_at)
        for process, _ in reversed(self.running):
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _listens(address: str, port: int) -> bool:
    with suppress(OSError), socket.create_connection((address, port), timeout=1):
        return True
    return False


def free_port() -> int:
    with socket.create_server((LOOPBACK, 0)) as listener:
        return int(listener.getsockname()[1])
