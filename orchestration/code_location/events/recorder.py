"""The process that records a command's run: Dagster beside the work, on a processor of its own.

Enters: lines of its standard input, as `refresh/shown_run` writes them: the run, what happened, how
it ended. Leaves: the run in Dagster's storage, and one line that says what stopped it, if so. Where
the lines end without an end, the process that wrote them was killed, and the run has failed.
Signals are that process's to hear: what it tells last must be kept.
"""

import gc
import json
import os
import signal
import sys
import threading
import traceback
from collections.abc import Iterator, Mapping
from contextlib import suppress
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from orchestration.code_location.events.recorded_run import RecordedRun

CANCELED, FAILED, SUCCEEDED = "canceled", "failed", "succeeded"
Heard = Mapping[str, Any]


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    gc.disable()  # a third of the time that it takes to load Dagster, of which all stays
    heard, said = _heard(), None
    try:
        if run := next(heard, None):
            _record(run, heard)
    except Exception as error:  # noqa: BLE001  who started it raises it
        said = _said(error)
    sys.stdout.write(f"\n{json.dumps({'said': said})}\n")
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # all is closed; to take Dagster down module by module costs another tenth


def _heard() -> Iterator[Heard]:
    """Taken from the pipe at once, so that who writes never waits for Dagster to be loaded."""
    lines: SimpleQueue[str | None] = SimpleQueue()

    def take() -> None:
        for line in sys.stdin:
            lines.put(line)
        lines.put(None)

    threading.Thread(target=take, daemon=True).start()
    while (line := lines.get()) is not None:
        with suppress(ValueError):  # an empty one, or one that a signal has cut short
            yield json.loads(line)


def _record(run: Heard, heard: Iterator[Heard]) -> None:
    from orchestration.code_location.events.recorded_run import recorded_run
    from orchestration.configuration.environment import read_settings

    settings = read_settings(for_stripe=False)
    with recorded_run(settings, **run) as recorded:
        for one in heard:
            if "end" in one:
                _end(recorded, one)
                return
            _tell(recorded, one)
        recorded.fail("the process ended before the run did")


def _tell(recorded: "RecordedRun", one: Heard) -> None:
    from orchestration.code_location.events.event import of_json

    if "say" in one:
        recorded.say(one["say"], one["at"])
    else:
        recorded.tell(one["step"], of_json(one["event"]), one["at"])


def _end(recorded: "RecordedRun", one: Heard) -> None:
    if one["end"] == SUCCEEDED:
        recorded.end(one["at"])
    elif one["end"] == CANCELED:
        recorded.cancel()
    else:
        recorded.fail("the refresh failed", one["error"])


def _said(error: Exception) -> str:
    """What a user can mend, else what it was; its trace is a bug's, and shown."""
    from orchestration.terminal.failures import foreseen
    from orchestration.terminal.logs import is_json, log
    from orchestration.terminal.printable import printable

    if found := foreseen(error):
        return found[0]
    if isinstance(error, OSError) and error.filename:
        return (
            f"{error.filename} cannot be written ({error.strerror}): move it away and run again;"
            " only Dagster's history of runs is lost"
        )
    if is_json():
        log.error("the run is not recorded", exc_info=error)
    else:
        sys.stderr.write(printable(traceback.format_exc()))
    return f"Dagster's storage cannot be written: {type(error).__name__}"


if __name__ == "__main__":
    main()
