"""`stripe-traits live`: the resident refresh, one line for each cycle that did something."""

import signal
import threading
from datetime import UTC, datetime
from json import dumps
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestration.configuration.environment import read_settings
from orchestration.terminal.failures import explained
from orchestration.terminal.logs import FIELDS, is_json, log
from orchestration.terminal.output import Json, console, reporting
from reverse_sync.values.counted import counted

if TYPE_CHECKING:
    from orchestration.live.resident import Cycle


def live(
    seconds: Annotated[
        float | None,
        typer.Option("--for", min=0, help="Stop after so many seconds; default: never."),
    ] = None,
    json: Json = False,
) -> None:
    """Stay up and bring each change to the account store within seconds.

    Changes come through 'stripe-traits webhooks' as they happen, and through Stripe's events every
    LIVE_POLL_SECONDS. Ctrl-C or SIGTERM ends it after the cycle under way. --json: a line a cycle.
    """
    with explained():
        settings = read_settings()
        from orchestration.code_location.events.live_report import LiveReport
        from orchestration.configuration.stores.further_stores import further_stores
        from orchestration.live import resident as loop
        from orchestration.validation.refused import refuse_wrong_files
        from reverse_sync.stores.url import check_settings

        check_settings(settings.target)
        refuse_wrong_files(settings)
        further_stores(settings)  # what is wrong in stores.yml is told before anything is read
        stop = threading.Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: stop.set())
        with reporting() as reporter, LiveReport(settings, _print if json else _say) as report:
            if seconds is not None:
                timer = threading.Timer(seconds, stop.set)
                timer.daemon = True
                timer.start()
            loop.live(settings, reporter, clock=lambda: datetime.now(UTC), stop=stop, report=report)


def _say(cycle: "Cycle") -> None:
    if not cycle.changed:
        return
    if is_json():
        log.info("cycle", extra={FIELDS: _told(cycle)})
        return
    from orchestration.pages.delivery_lines import cycle_line

    spent = ", ".join(f"{stage} {took:.2f}" for stage, took in cycle.seconds.items())
    objects = cycle.loaded.objects.total() if cycle.loaded else 0
    done = (
        f"{counted(objects, 'object')} read, {cycle_line(cycle.delivered)}"
        f" in {sum(cycle.seconds.values()):.2f} s ({spent})"
    )
    for said in filter(
        None, (done if cycle.ahead or cycle.built or cycle.delivered else None, cycle.failure)
    ):
        console.print(f"cycle {cycle.number}: {said}", highlight=False, soft_wrap=True)


def _print(cycle: "Cycle") -> None:
    """Moments in UTC, seconds by stage; a cycle that had nothing to do is silent."""
    if not cycle.changed:
        return
    console.out(dumps(_told(cycle), default=str), highlight=False)
    console.file.flush()


def _told(cycle: "Cycle") -> dict[str, Any]:
    return {
        "cycle": cycle.number,
        "began": cycle.began.isoformat(),
        "failure": cycle.failure,
        "objects": cycle.loaded.objects.total() if cycle.loaded else 0,
        "ahead": cycle.ahead is not None,
        "sent": cycle.delivered.sent if cycle.delivered else 0,
        "delivered": cycle.delivered.figures() if cycle.delivered else None,
        "seconds": cycle.seconds,
    }
