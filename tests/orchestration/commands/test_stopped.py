"""SIGINT and SIGTERM at random moments of a sync (`make soak-stops` sends 40)."""

import random
import subprocess
import sys

import pytest
from local_stripe import LocalStripe
from stopped_syncs import stops

pytestmark = pytest.mark.long


def test_stopped_syncs_end_with_their_code_and_lose_nothing(
    local_stripe: LocalStripe, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed = random.randrange(10_000)  # a failure names it
    made = stops(local_stripe, monkeypatch, seed=seed, count=5)
    assert made.ended.total() == 5


def test_a_sigterm_before_the_command_begins_is_no_ctrl_c() -> None:
    """Typer says 130 of both, while it reads the arguments."""
    program = """
import os, signal, typer
from orchestration import cli, program

def ended(name: str) -> str:
    os.kill(os.getpid(), signal.SIGTERM)
    return name

cli.app = typer.Typer()

@cli.app.command()
def command(name: str = typer.Option("", callback=ended)) -> None:
    raise AssertionError("it began")

program.main()
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert ended.returncode == 143, ended.stderr
