"""The systemd units: each one's command is started as a plain process and does its work.

Those of Dagster: test_daemon; the resident loop's: test_live.
"""

import configparser
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from command_line import environment
from local_stripe import LocalStripe

ROOT = Path(__file__).parents[2]
INSTALLED = "/opt/stripe-traits"
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
            arguments,
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


def until(done: Callable[[], bool], process: "subprocess.Popen[bytes]", log: Path) -> None:
    ended = time.monotonic() + PATIENCE
    while not done():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < ended, log.read_text()
        time.sleep(0.2)


def free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return str(listener.getsockname()[1])


def answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def test_a_folder_too_deep_for_a_socket_is_one_line(tmp_path: Path) -> None:
    finished = subprocess.run(
        [sys.executable, "-m", "orchestration.dagster_local.ui", "code"],
        env=environment(DATA_DIR=str(tmp_path / ("deep" * 20) / "data")),
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 2
    assert finished.stderr.startswith("stripe-traits: DATA_DIR: ")
    assert "take a folder with a shorter path" in finished.stderr


def test_webhooks_are_received(local_stripe: LocalStripe, tmp_path: Path) -> None:
    port = free_port()
    settings = {"STRIPE_WEBHOOK_SECRETS": "whsec_test", "STRIPE_API_BASE": local_stripe.url}
    with started([*command("webhooks"), "--port", port], tmp_path, **settings) as process:
        until(lambda: answers(f"http://127.0.0.1:{port}/health"), process, tmp_path / "log")


@pytest.mark.parametrize("unit", ["code", "daemon", "webserver", "webhooks", "live"])
def test_units_keep_to_their_folder(unit: str) -> None:
    text = (ROOT / "deploy" / f"stripe-traits-{unit}.service").read_text()
    for line in ("User=stripe-traits", "ProtectSystem=strict", "UMask=0077", "Restart=on-failure"):
        assert line in text.splitlines()
