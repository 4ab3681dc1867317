"""The resident refresh: everything stays warm, a change is in the account store within seconds.

Enters: the settings, a clock, when to stop. Leaves: cycles of load, build and delivery, each told
to `report`. The lock is held from load to publication, and on to the plan of what goes ahead, so
that other writers get their turn while accounts are sent and between cycles.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime

from ingestion.inbox.latency import Latency
from ingestion.load import LoadResult
from orchestration.clock import now
from orchestration.configuration.settings import Settings
from orchestration.live.alerts import Alerts
from orchestration.live.deliveries import LONGEST_PAUSE, Deliveries
from orchestration.live.further import FurtherDeliveries
from orchestration.live.loads import Loads
from orchestration.live.pace import Pace
from orchestration.locks import kept_open
from orchestration.monitoring.refreshed import note_refreshed
from orchestration.stages.ahead import BuiltAhead, ahead_stage
from orchestration.stages.build import Built, transform_stage
from orchestration.stages.build_due import build_due
from orchestration.stages.latency import loaded_until, measure_stage
from orchestration.stages.own_traits import own_traits_problem
from orchestration.terminal.failures import foreseen
from orchestration.terminal.reporter import Reporter
from orchestration.terminal.stopwatch import Stopwatch
from reverse_sync.deliver.result import SyncResult

GIVE_UP_AFTER = 5  # failures in a row: whoever started the loop decides what comes next


@dataclass
class Cycle:
    """What one cycle did; `began` by its clock, `seconds` by stage. `ahead`: account_traits was
    built, all marts follow. `delivered`: None where nothing was due or planned. `failure`: why it
    did not end; what stands beside it was done."""

    number: int
    began: datetime
    loaded: LoadResult | None = None
    ahead: BuiltAhead | None = None
    built: Built | None = None
    delivered: SyncResult | None = None
    latency: Latency | None = None
    failure: str | None = None
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def changed(self) -> bool:
        return bool(self.ahead or self.built or self.delivered or self.failure)


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

    A failed cycle is reported and tried again after a pause; raises its error after some in a row,
    and where the last one failed. An account store that is away fails no cycle: what it lacks is
    owed, and if it still is at the end, that is raised.
    """
    failures: list[Exception] = []  # in a row
    loads, deliveries, pace = Loads(settings), Deliveries(settings, reporter), Pace()
    alerts = Alerts(settings)
    further = FurtherDeliveries(settings, reporter)
    for number in _awaited(loads, pace, stop):
        cycle = Cycle(number, clock())
        try:
            with ExitStack() as warehouse:
                warehouse.enter_context(kept_open(settings.folder, reporter))
                _run(cycle, settings, reporter, loads, pace)
                if not cycle.ahead or deliveries.failure:  # else one opening serves the plan, too
                    warehouse.close()
                further.begin(cycle.began)
                _send(cycle, settings, clock, deliveries, pace, planned=warehouse.close)
            failures.clear()
        except Exception as error:
            failures.append(error)
            found = foreseen(error)
            cycle.failure = found[0] if found else None
            if cycle.failure is None or len(failures) >= GIVE_UP_AFTER:
                raise
        report(cycle)
        alerts.tell(is_news=cycle.built is not None)
        if failures:
            stop.wait(min(2.0 ** len(failures), LONGEST_PAUSE))
    alerts.end()
    for unfinished in (*failures[-1:], deliveries.failure, further.end()):
        if unfinished:
            raise unfinished


def _awaited(loads: Loads, pace: Pace, stop: threading.Event) -> Iterator[int]:
    """A number whenever there may be work: at once, when the inbox fills, when a poll is due, when
    marts are to follow, which they do before the end."""
    number = 0
    while not stop.is_set() or pace.is_owed:
        number += 1
        yield number
        loads.wait(stop, pace)
        if stop.is_set():
            pace.hurry()


def _run(cycle: Cycle, settings: Settings, reporter: Reporter, loads: Loads, pace: Pace) -> None:
    timed = Stopwatch(cycle.seconds)
    try:
        if loads.is_due():
            _load(cycle, reporter, loads, timed)
    except Exception:
        if pace.is_owed:  # what is landed does not wait for a Stripe that is away
            _build_all(cycle, settings, reporter, timed)
            pace.followed()
        raise
    _build(cycle, settings, reporter, pace, timed)
    if cycle.built and cycle.built.failure:
        raise cycle.built.failure


def _load(cycle: Cycle, reporter: Reporter, loads: Loads, timed: Stopwatch) -> None:
    with timed("load"):
        cycle.loaded = loads.load(reporter)
    timed.part("poll", cycle.loaded.polled, of="load")
    timed.part("refetch", cycle.loaded.waited, of="load")


def _build(
    cycle: Cycle, settings: Settings, reporter: Reporter, pace: Pace, timed: Stopwatch
) -> None:
    """account_traits alone where something came, all marts where that must not be or is over."""
    is_news = bool(cycle.loaded and cycle.loaded.rows.total())
    if pace.goes_ahead(is_news=is_news):
        with timed("ahead"):
            cycle.ahead = ahead_stage(settings, reporter, as_of=cycle.began)
    if cycle.ahead:
        timed.part("publish", cycle.ahead.publishing, of="ahead", last=True)
        pace.went_ahead()
    elif is_news or pace.is_over or not pace.is_owed:
        _build_all(cycle, settings, reporter, timed)
        pace.followed()


def _build_all(cycle: Cycle, settings: Settings, reporter: Reporter, timed: Stopwatch) -> None:
    with timed("look"):
        due = build_due(settings, reporter, as_of=cycle.began)
    if due:
        with timed("transform"):
            cycle.built = transform_stage(settings, reporter, as_of=cycle.began)
        timed.part("publish", cycle.built.publishing, of="transform", last=True)


def _send(  # noqa: PLR0913  (of one cycle)
    cycle: Cycle,
    settings: Settings,
    clock: Callable[[], datetime],
    deliveries: Deliveries,
    pace: Pace,
    *,
    planned: Callable[[], None],
) -> None:
    """What the account store lacks, if it is due. What a delivery noted is published with the marts
    that follow. A refresh has ended well where nothing is owed to a store that is away."""
    if _is_due(cycle, deliveries, pace):
        timed, until = Stopwatch(cycle.seconds), loaded_until(settings.folder)
        with timed("send"):
            cycle.delivered = deliveries.deliver(
                cycle.began, timed, ahead=cycle.ahead, planned=planned
            )
        timed.part("diff", cycle.seconds.pop("diff", 0.0), of="send")
        if deliveries.failure:
            cycle.failure = str(deliveries.failure)
        else:
            cycle.latency = measure_stage(settings.folder, reached_at=clock(), loaded_until=until)
    if cycle.built and not cycle.failure:
        cycle.failure = own_traits_problem(settings)
    if not deliveries.failure:
        note_refreshed(settings.folder, at=now())


def _is_due(cycle: Cycle, deliveries: Deliveries, pace: Pace) -> bool:
    """While marts are owed the published copy does not know what was delivered."""
    if cycle.ahead:
        return deliveries.may_try
    return not pace.is_owed and deliveries.is_due()
