"""Stages of a refresh and commands, each in a process of its own that may be killed at any moment.

Enters: words (`load`, `full`, `reconcile`, `build`, `release`, `deliver`), or a command line; the
settings. Leaves: how the process ended. The code is the user's; only its waits are short.
"""

import os
import signal
import sys
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any
from uuid import uuid4

from forkserver import CONTEXT

from tests.lakehouse.hosts import enter

PATIENCE_SECONDS = 900  # other load makes clocks unreliable
KILLED = -signal.SIGKILL
FORESEEN = 1  # one line that names the remedy


class Unforeseen(Exception):
    """A process ended as none should, whatever it met."""


@dataclass(frozen=True)
class Begun:
    """A process under way; what it says goes into a file."""

    words: tuple[str, ...]
    process: ForkServerProcess
    said: Path

    def kill(self) -> None:
        self.process.kill()

    def kill_after(self, seconds: float) -> None:
        self.wait(worked=seconds)
        self.kill()

    def wait(self, *, worked: float) -> None:
        """Until it has had so many seconds of the processor, or has ended."""
        while self.process.exitcode is None and self._worked() < worked:
            time.sleep(0.005)

    def _worked(self) -> float:
        """Seconds of the processor until now."""
        with suppress(FileNotFoundError, ProcessLookupError):
            told = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
            return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")
        return 0.0

    def ended(self) -> int:
        """0, KILLED or FORESEEN. Raises Unforeseen."""
        self.process.join(PATIENCE_SECONDS)
        code, said = self.process.exitcode, self.said.read_text()
        self.said.unlink()
        if code is None:
            self.kill()
            raise Unforeseen(f"{self.words} has not ended in {PATIENCE_SECONDS} seconds")
        if code not in (0, KILLED, FORESEEN) or "Traceback" in said:
            raise Unforeseen(f"{self.words} ended with {code}: {said[-3000:]}")
        return code


def begun(words: tuple[str, ...], folder: Path, settings: Mapping[str, str], **more: Any) -> Begun:
    """The process, begun; `as_of` is for stages, `skew` for those whose clock is wrong by so much,
    `namespace` the network that it is in. The folder is where it works, and speaks."""
    said = folder / f"said-{uuid4().hex}"
    said.touch()
    arguments = (words, folder, dict(settings), said, more)
    process = CONTEXT.Process(target=_run, args=arguments, daemon=True)
    process.start()
    return Begun(words, process, said)


def _run(
    words: tuple[str, ...],
    folder: Path,
    settings: dict[str, str],
    said: Path,
    more: dict[str, Any],
) -> None:
    for path, number in ((os.devnull, 0), (said, 1), (said, 2)):
        os.dup2(os.open(path, os.O_RDWR | os.O_APPEND), number)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(settings)
    if namespace := more.get("namespace"):
        enter(namespace)
    _wait_shortly()
    if as_of := more.get("as_of"):
        with _clock_wrong_by(more.get("skew", timedelta())):
            _stages(words, as_of)
    else:
        from orchestration.cli import app

        app(words, prog_name="stripe-traits")


def _clock_wrong_by(skew: timedelta) -> AbstractContextManager[Any]:
    import time_machine

    return time_machine.travel(datetime.now(UTC) + skew, tick=True) if skew else nullcontext()


def _stages(words: tuple[str, ...], as_of: datetime) -> None:
    import typer

    from orchestration.configuration.environment import read_settings
    from orchestration.terminal.failures import explained
    from orchestration.terminal.reporter import LogReporter

    try:
        with explained():
            settings, reporter = read_settings(), LogReporter(lambda line: None)
            for word in words:
                _stage(word, settings, reporter, as_of)
    except typer.Exit as end:
        sys.exit(end.exit_code)


def _stage(word: str, settings: Any, reporter: Any, as_of: datetime) -> None:
    from ingestion.reconcile.slices import Share
    from orchestration import clock, locks
    from orchestration.stages.build import transform_stage
    from orchestration.stages.delivery import deliver_stage
    from orchestration.stages.load import load_stage, reconcile_stage
    from reverse_sync.deliver.dead_letters import Letters, release

    if word in ("load", "full"):
        load_stage(settings, reporter, full=word == "full")
    elif word == "reconcile":
        reconcile_stage(settings, reporter, share=Share(), allow_gone=True)
    elif word == "build":
        if failure := transform_stage(settings, reporter, as_of=as_of).failure:
            raise AssertionError(f"a build failed: {failure}")  # no fault of Stripe's explains it
    elif word == "release":
        with locks.open_warehouse(settings.folder, reporter) as connection:
            release(connection, Letters(), at=clock.now())
    else:
        deliver_stage(settings, reporter, as_of=as_of, run_id=str(uuid4()))


def _wait_shortly() -> None:
    """The same attempts, sooner: nobody waits a minute for a store that is away or silent."""
    from dataclasses import replace

    from misbehaving_store import PATIENCE
    from tenacity import wait_fixed

    from ingestion.stripe_api import client
    from reverse_sync.state import waits
    from reverse_sync.stores.http import client as store_client

    client._BACKOFF = wait_fixed(0.01)
    store_client.BACKOFF = wait_fixed(0.01)
    store_client.LIMITS = replace(store_client.LIMITS, seconds=PATIENCE)
    waits.FIRST_WAIT = timedelta(milliseconds=1)
