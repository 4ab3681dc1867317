"""The resident refresh: everything stays warm, a change is in the account store within seconds.

Enters: the settings, a clock, when to stop. Leaves: cycles of load, build and delivery, each told
to `report`. The lock is held from load to publication, so that other writers get their turn while
accounts are sent and between cycles.
"""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from ingestion.inbox.latency import Latency
from ingestion.load import LoadResult
from orchestration.configuration.settings import Settings
from orchestration.live.loads import Loads
from orchestration.locks import kept_open
from orchestration.monitoring.health import note_refreshed
from orchestration.publication.delivery_due import last_delivery
from orchestration.stages import (
    Built,
    build_due,
    deliver_stage,
    loaded_until,
    measure_stage,
    now,
    transform_stage,
)
from orchestration.terminal.failures import causes, exit_code
from orchestration.terminal.reporter import Reporter
from orchestration.terminal.stopwatch import Stopwatch
from reverse_sync.deliver.result import SyncResult

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
    failures, loads = 0, Loads(settings)
    for number in _awaited(loads, stop):
        cycle = Cycle(number, clock())
        try:
            _run(cycle, settings, reporter, clock, loads)
            failures = 0
        except Exception as error:
            failures += 1
            cycle.failure = _foreseen(error)
            if cycle.failure is None or failures >= GIVE_UP_AFTER:
                raise
        report(cycle)
        if failures:
            stop.wait(min(2.0**failures, LONGEST_PAUSE))


def _awaited(loads: Loads, stop: threading.Event) -> Iterator[int]:
    """A number whenever there may be work: at once, when the inbox fills, when a poll is due."""
    number = 0
    while not stop.is_set():
        number += 1
        yield number
        loads.wait(stop)


def _run(
    cycle: Cycle,
    settings: Settings,
    reporter: Reporter,
    clock: Callable[[], datetime],
    loads: Loads,
) -> None:
    timed, as_of = Stopwatch(cycle.seconds), cycle.began
    with kept_open(settings.folder, reporter):
        with timed("load"):
            cycle.loaded = loads.load(reporter)
        timed.part("poll", cycle.loaded.polled, of="load")
        timed.part("refetch", cycle.loaded.waited, of="load")
        with timed("look"):
            due = build_due(settings, reporter, as_of=as_of)
        if due:
            with timed("transform"):
                cycle.built = transform_stage(settings, reporter, as_of=as_of)
            timed.part("publish", cycle.built.publishing, of="transform", last=True)
    if cycle.built and cycle.built.failure:
        raise cycle.built.failure
    if _is_due(settings):
        with timed("send"):
            run_id = f"live-{as_of:%Y%m%dT%H%M%S%f}"
            until = loaded_until(settings.folder)
            cycle.delivered = deliver_stage(
                settings, reporter, as_of=as_of, run_id=run_id, timed=timed
            )
        timed.part("diff", cycle.seconds.pop("diff", 0.0), of="send")
        cycle.latency = measure_stage(settings.folder, reached_at=clock(), loaded_until=until)
    note_refreshed(settings.folder, at=now())


def _is_due(settings: Settings) -> bool:
    """Not where all that is left waits for its next attempt."""
    last = last_delivery(settings)
    until = last.retry_at if last else None
    return bool(last and last.due) and (until is None or until <= now())


def _foreseen(error: Exception) -> str | None:
    """The line of a failure that a user can mend; None for a bug."""
    return next((str(cause) for cause in causes(error) if exit_code(cause) is not None), None)
