"""No library tells its makers that it ran: what a customer pays is nobody's usage statistics."""

import subprocess
from pathlib import Path

import pytest
from command_line import PROGRAM, environment
from local_stripe import LocalStripe

from benchmarks.observers import Requests, served
from sandbox.server import app

pytestmark = pytest.mark.long

SWITCHES = ("RUNTIME__DLTHUB_TELEMETRY", "DO_NOT_TRACK")  # that `make` sets, and a user does not


def test_dlt_reports_no_load(local_stripe: LocalStripe, tmp_path: Path) -> None:
    heard = Requests(app(local_stripe.store))
    with served(heard) as makers:
        given = environment(
            STRIPE_API_BASE=local_stripe.url,
            DATA_DIR=str(tmp_path / "data"),
            RUNTIME__DLTHUB_TELEMETRY_ENDPOINT=makers,
        )
        given = {name: value for name, value in given.items() if name not in SWITCHES}
        finished = subprocess.run(
            [PROGRAM, "sync"], cwd=tmp_path, env=given, capture_output=True, text=True, check=False
        )
    assert finished.returncode == 0, finished.stderr
    assert "read everything" in finished.stdout
    assert heard.counts == {}
