"""A port that somebody else listens on: one line in the terminal, with the remedy."""

import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import PROGRAM, environment

UI = [PROGRAM, "ui"]
LISTENING = {
    "webhooks": [PROGRAM, "webhooks"],
    "report": [PROGRAM, "report"],
    "sandbox": [PROGRAM, "sandbox", "--customers", "1"],
    "the page of a desk": UI,
    "the page of a server": [*UI, "webserver"],
}


@pytest.fixture
def taken() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield str(listening.getsockname()[1])


@pytest.mark.parametrize("command", LISTENING)
def test_a_taken_port_is_one_line(command: str, taken: str, tmp_path: Path) -> None:
    settings = {"STRIPE_API_BASE": "http://127.0.0.1:9", "STRIPE_WEBHOOK_SECRETS": "whsec_test"}
    finished = subprocess.run(
        [*LISTENING[command], "--port", taken],
        env=environment(DATA_DIR=str(tmp_path / "data"), **settings),
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 2
    assert finished.stderr == (
        f"stripe-traits: cannot listen on 127.0.0.1 port {taken}: Address already in use;"
        " choose another --port\n"
    )
