"""The resident refresh: everything stays warm, a change is in the account store within seconds.

Enters: the settings, a clock, when to stop. Leaves: cycles of load, build and delivery, each told
to `report`. The lock is held for a stage at a time, so that other writers get their turn between.
"""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from ingestion.inbox import Inbox
from ingestion.latency import Latency
from ingestion.load import LoadResult
from orchestration.due import delivery_due
from orchestration.failures import causes, exit_code
from orchestration.health import note_refreshed
from orchestration.reporter import Reporter
from orchestration.settings import Settings
from orchestration.stages import (
    Built,
    build_due,
    deliver_stage,
    load_stage,
    loaded_until,
    measure_stage,
    transform_stage,
)
from reverse_sync.result import SyncResult

LOOK_SECONDS = 0.1  # between two looks at the inbox: one small read of a local file
LONGEST_PAUSE = 30.0
GIVE_UP_AFTER = 5  # failures in a row: whoever started the loop decides what comes next


@dataclass
class Cycle:
    """What one cycle did; `began` by its clock, `seconds` by stage. `delivered`: None where nothing
    was due."""

    number: int
    began: datetime
    loaded: LoadResult | None = None
    built: Built | None = None
    delivered: SyncResult | None = None
    latency: Latency | None = None
    failure: str | None = None
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def changed(self) -> bool:
        return bool(self.built or self.delivered or self.failure)


Report = Callable[[Cycle], None]


def live(
    settings: Settings,
    reporter: Reporter,
    *,
    clock: Callable[[], datetime],
    stop: threading.Event,
    report: Report,
) -> None:
    """Cycles until `stop`. `clock` gives each cycle's `as_of` (aware UTC).

    A failed cycle is reported and tried again after a pause; raises its error after some in a row.
    """
    failures = 0
    for number in _awaited(settings, stop):
        cycle = Cycle(number, clock())
        try:
            _run(cycle, settings, reporter, clock)
            failures = 0
        except Exception as error:
            failures += 1
            cycle.failure = _foreseen(error)
            if cycle.failure is None or failures >= GIVE_UP_AFTER:
                raise
        report(cycle)
        if failures:
            stop.wait(min(2.0**failures, LONGEST_PAUSE))


def _awaited(settings: Settings, stop: threading.Event) -> Iterator[int]:
    """A number whenever there may be work: at once, when the inbox fills, when a poll is due."""
    number = 0
    while not stop.is_set():
        number += 1
        yield number
        polled = time.monotonic()
        with Inbox.open(settings.data_dir / "events.db") as inbox:
            while not inbox.backlog() and time.monotonic() - polled < settings.live_poll_seconds:
                if stop.wait(LOOK_SECONDS):
                    return


def _run(
    cycle: Cycle, settings: Settings, reporter: Reporter, clock: Callable[[], datetime]
) -> None:
    timed = _Timer(cycle.seconds)
    as_of = cycle.began
    with timed("load"):
        cycle.loaded = load_stage(settings, reporter, full=False)
    with timed("look"):
        due = build_due(settings, reporter, as_of=as_of)
    if due:
        with timed("build"):
            cycle.built = transform_stage(settings, reporter, as_of=as_of)
        if cycle.built.failure:
            raise cycle.built.failure
    if delivery_due(settings):
        with timed("deliver"):
            run_id = f"live-{as_of:%Y%m%dT%H%M%S%f}"
            loads = loaded_until(settings)
            cycle.delivered = deliver_stage(settings, reporter, as_of=as_of, run_id=run_id)
            cycle.latency = measure_stage(settings, reached_at=clock(), loaded_until=loads)
    note_refreshed(settings.data_dir)


class _Timer:
    """`with timed("stage")`: adds how long the block took."""

    def __init__(self, seconds: dict[str, float]) -> None:
        self._seconds = seconds

    def __call__(self, stage: str) -> "_Timer":
        self._stage, self._began = stage, time.monotonic()
        return self

    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        self._seconds[self._stage] = round(time.monotonic() - self._began, 3)


def _foreseen(error: Exception) -> str | None:
    """The line of a failure that a user can mend; None for a bug."""
    return next((str(cause) for cause in causes(error) if exit_code(cause) is not None), None)
