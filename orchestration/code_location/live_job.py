"""The job `live_refresh`: the resident loop as a Dagster run that recycles itself.

Enters: the settings. Leaves: a run that ends well after LIVE_RUN_MINUTES, or at SIGTERM; the sensor
`live_stays_up` starts the next one, with fresh memory and fresh code.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from dagster import DagsterExecutionInterruptedError, OpExecutionContext, job, op

from orchestration.code_location.events.live_report import LiveReport
from orchestration.code_location.run_log import CONFIG, console
from orchestration.configuration.environment import read_settings
from orchestration.live.resident import Cycle, live
from orchestration.pages.delivery_lines import cycle_line
from orchestration.terminal.reporter import log_reporter


@op(description="Cycles of load, build and delivery, as soon as something changes.")
def cycles(context: OpExecutionContext) -> None:
    settings = read_settings()
    stop = threading.Event()
    timer = threading.Timer(settings.live_run_minutes * 60, stop.set)
    timer.daemon = True
    timer.start()

    def say(cycle: Cycle) -> None:
        if cycle.failure:
            context.log.warning("cycle %s: %s", cycle.number, cycle.failure)
        if cycle.ahead or cycle.built or cycle.delivered:
            line = cycle_line(cycle.delivered)
            context.log.info("cycle %s: %s, %s", cycle.number, line, cycle.seconds)

    with _stopping(stop), LiveReport(settings, say, context.instance) as report:
        live(
            settings,
            log_reporter(context.log),
            clock=lambda: datetime.now(UTC),
            stop=stop,
            report=report,
        )


@contextmanager
def _stopping(stop: threading.Event) -> Iterator[None]:
    """A signal ends the run after the cycle under way: well at SIGTERM, with which a service is
    stopped, as canceled at SIGINT, which Dagster's own button sends."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came = set()

    def end(number: int, _: object) -> None:
        came.add(number)
        stop.set()

    # Both: Dagster puts back the handler of SIGINT for either.
    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if signal.SIGINT in came:
        raise DagsterExecutionInterruptedError


@job(
    config=CONFIG,
    logger_defs={"console": console},
    description="Stays up and brings each change to the account store within seconds.",
)
def live_refresh() -> None:
    cycles()
