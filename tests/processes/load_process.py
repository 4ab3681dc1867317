"""A load in a process of its own, killed with SIGKILL at its n-th audited operation if asked for.

Enters: a `LocalStripe`. Leaves: an exit code: 0, 3 (a foreseen failure), -9 (killed), 1 (a bug).
"""

import os
import signal
import sys
from multiprocessing.context import ForkServerProcess
from typing import Any

from forkserver import CONTEXT
from local_stripe import LocalStripe

COUNTED = {
    *("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "shutil.rmtree"),
    *("socket.connect", "sqlite3.connect"),
}


REFUSED = 3  # 1 is a failure that nobody foresaw
PATIENCE_SECONDS = 1800  # of a load that takes seconds: other work must not look like a hang


class Hangs(Exception):
    """A load neither ends nor fails."""


def loaded(stripe: LocalStripe, *, full: bool = False, kill_at: int = 0) -> int:
    """One load, to its end."""
    return ended(begun(stripe, full=full, kill_at=kill_at))


def begun(stripe: LocalStripe, *, full: bool = False, kill_at: int = 0) -> ForkServerProcess:
    """One load, begun."""
    arguments = (stripe.connection(), stripe.paths, full, kill_at)
    process = CONTEXT.Process(target=_load, args=arguments, daemon=True)
    process.start()
    return process


def ended(process: ForkServerProcess) -> int:
    process.join(timeout=PATIENCE_SECONDS)
    code = process.exitcode
    if code is None:
        process.kill()
        raise Hangs(f"a load has not ended in {PATIENCE_SECONDS} seconds")
    return code


def _load(connection: Any, paths: Any, full: Any, kill_at: int) -> None:
    from ingestion import load as loading
    from ingestion.merge.load_failed import LoadFailed
    from ingestion.stripe_api.refusals import StripeError

    _retry_at_once()
    if kill_at:
        _die_at(kill_at)
    try:
        # Small stores lose a large share of what they have: no limit is asked for here.
        bounds = getattr(loading, "Bounds", None)
        options = {"bounds": bounds(gone_limit_percent=None)} if bounds else {}
        loading.load(connection, paths, full=full, **options)
    except (StripeError, LoadFailed):
        sys.exit(REFUSED)


def _die_at(number: int) -> None:
    count = 0

    def hear(event: str, _arguments: Any) -> None:
        nonlocal count
        count += event in COUNTED
        if count == number and event in COUNTED:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hear)


def _retry_at_once() -> None:
    from tenacity import wait_fixed

    from ingestion.stripe_api import client

    client._BACKOFF = wait_fixed(0.01)  # the same attempts, sooner
