"""`stripe-traits live` as a process of its own, and what it tells of its cycles.

Enters: a business. Leaves: the process; a line for each cycle that did something.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from command_line import environment
from pipeline import Pipeline
from systemd_unit import command

PATIENCE = 120  # seconds: other load makes clocks unreliable


@contextmanager
def running(business: Pipeline) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        [*command("live"), "--json"],
        env=environment(
            STRIPE_API_BASE=business.stripe.url,
            DATA_DIR=str(business.folder),
            LIVE_POLL_SECONDS="0.5",
        ),
        cwd=business.folder.parent,
        stdout=subprocess.PIPE,
        stderr=sys.stderr,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait(timeout=30)


def told(process: "subprocess.Popen[str]") -> dict[str, Any]:
    """Waits for the next cycle that did something."""
    assert process.stdout
    for line in process.stdout:
        cycle: dict[str, Any] = json.loads(line)
        assert cycle["failure"] is None
        return cycle
    raise AssertionError(f"it ended with {process.wait()}")
