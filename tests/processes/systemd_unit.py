"""The systemd units' commands, started as plain processes in this checkout."""

import configparser
import shlex
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from command_line import environment

ROOT = Path(__file__).parents[2]
INSTALLED = "/opt/stripe-traits"
# As a shell starts what ends in `&`: SIGINT is ignored. SIGTERM must end it nevertheless.
IN_THE_BACKGROUND = ("/bin/sh", "-c", "trap '' INT; exec \"$@\"", "sh")
PATIENCE = 120  # seconds: other load makes clocks unreliable


def command(unit: str) -> list[str]:
    """What the unit starts, in this checkout."""
    parsed = configparser.RawConfigParser(strict=False)
    parsed.optionxform = str  # type: ignore[assignment,method-assign]
    parsed.read(ROOT / "deploy" / f"stripe-traits-{unit}.service")
    assert parsed["Service"]["WorkingDirectory"] == INSTALLED
    return shlex.split(parsed["Service"]["ExecStart"].replace(INSTALLED, str(ROOT)))


@contextmanager
def started(
    arguments: list[str], folder: Path, **settings: str
) -> Iterator["subprocess.Popen[bytes]"]:
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            [*IN_THE_BACKGROUND, *arguments],
            cwd=ROOT,
            env=environment(DATA_DIR=str(folder / "data"), LOG_FORMAT="json", **settings),
            stdout=log,
            stderr=log,
        )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE)


def free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return str(listener.getsockname()[1])


def answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False
