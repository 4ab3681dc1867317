"""The run that shows a refresh on Dagster's page, recorded beside the work that it shows.

Enters: the settings, the run's tags, what happened. Leaves: the run, complete when the block ends,
however it ends. To load Dagster, open its storage and write some 250 events takes two seconds of a
processor: a process of its own does it (`code_location/events/recorder`), which hears of them
through a pipe.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from traceback import TracebackException
from typing import Any
from uuid import uuid4

from orchestration.code_location.events.event import Event, Materialised, as_json
from orchestration.code_location.events.recorder import CANCELED, FAILED, SUCCEEDED
from orchestration.code_location.job_names import REFRESH
from orchestration.terminal.failures import foreseen
from orchestration.terminal.logs import log
from outgoing_http.secrets import scrubbed

PROGRAM = "orchestration.code_location.events.recorder"


class NotRecorded(Exception):
    """The work is done, and Dagster's page does not show it; the text says why."""


@dataclass
class ShownRun:
    """`made`: the metadata of each asset so far, by its key."""

    run_id: str
    _recorder: "subprocess.Popen[str]"
    made: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def say(self, text: str) -> None:
        """A line of the run's log."""
        self.send(say=text)

    def tell(self, step: str, events: Iterable[Event]) -> None:
        """Each as it comes."""
        for event in events:
            if isinstance(event, Materialised):
                self.made["/".join(event.asset)] = event.metadata
            self.send(step=step, event=as_json(event))

    def send(self, **what: Any) -> None:
        """A recorder that is gone says why in the end; the work goes on."""
        _write(self._recorder, {**what, "at": time.time()})


@contextmanager
def shown_run(tags: Mapping[str, str], *, began: datetime) -> Iterator[ShownRun]:
    """A run that ends as the block does. Raises NotRecorded where the block raises nothing."""
    run_id = str(uuid4())
    recorder = _started(
        {"job": REFRESH, "tags": tags, "run_id": run_id, "began": began.timestamp()}
    )
    run = ShownRun(run_id, recorder)
    try:
        yield run
    except KeyboardInterrupt:
        run.send(end=CANCELED)
        _warn(recorder, None)
        raise
    except BaseException as error:
        run.send(end=FAILED, error=_raised(TracebackException.from_exception(error)))
        _warn(recorder, error)
        raise
    run.send(end=SUCCEEDED)
    if said := _said(recorder):
        raise NotRecorded(said)


def _started(run: Mapping[str, Any]) -> "subprocess.Popen[str]":
    """It reads the settings itself, so that no secret stands in its arguments. In a group of its
    own it does not hear the terminal's Ctrl-C."""
    started = subprocess.Popen(
        [sys.executable, "-m", PROGRAM],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        process_group=0,
    )
    _write(started, run)
    return started


def _write(recorder: "subprocess.Popen[str]", told: Mapping[str, Any]) -> None:
    """On a line of its own, also where a signal cut the last one short."""
    if recorder.stdin:
        with suppress(BrokenPipeError):
            recorder.stdin.write(f"\n{scrubbed(json.dumps(told))}\n")
            recorder.stdin.flush()


def _said(recorder: "subprocess.Popen[str]") -> str | None:
    """What stopped the recorder, once it has ended; None: nothing did."""
    told, _ = recorder.communicate()
    if recorder.returncode:
        return f"the process that records the run ended with code {recorder.returncode}"
    said: str | None = json.loads(told.splitlines()[-1])["said"]  # a library may have printed
    return said


def _warn(recorder: "subprocess.Popen[str]", error: BaseException | None) -> None:
    """What the block raised is more than that its run is not shown; a disk that is full stops both,
    and is said once."""
    said, raised = _said(recorder), foreseen(error) if error else None
    if said and (raised is None or said != raised[0]):
        log.warning("Dagster's page lacks this run: %s", said)


def _raised(error: TracebackException) -> dict[str, Any]:
    """As Dagster keeps what was raised."""
    context = None if error.__suppress_context__ else error.__context__
    return {
        "message": "".join(error.format_exception_only()),
        "stack": error.stack.format(),
        "cls_name": error.exc_type.__name__,
        "cause": _raised(error.__cause__) if error.__cause__ else None,
        "context": _raised(context) if context else None,
    }
