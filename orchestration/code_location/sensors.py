"""What starts runs besides the clock, who is told when something is wrong, which runs are old.

Enters: the inbox, the published copy, Dagster's runs. Leaves: requests, or skips
that say why; notices. Nothing is kept in a cursor: the work itself says what is left to do.
"""

import logging
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from dagster import (
    DagsterInstance,
    DefaultSensorStatus,
    RunFailureSensorContext,
    RunRequest,
    SensorDefinition,
    SensorEvaluationContext,
    SkipReason,
    run_failure_sensor,
    sensor,
)

from ingestion.inbox.events_db import Inbox
from orchestration.code_location.job_names import (
    LANDING_STEP,
    LIVE_REFRESH,
    NAMES,
    NIGHTLY,
    REFRESH,
    REVERSE_SYNC,
)
from orchestration.code_location.old_runs import delete_old_runs
from orchestration.code_location.run_requests import ask
from orchestration.configuration.environment import read_settings, why_not_configured
from orchestration.configuration.settings import Settings
from orchestration.configuration.stores.further_stores import further_stores
from orchestration.dagster_local.old_events import delete_old_events
from orchestration.monitoring.alerts import notify
from orchestration.monitoring.health import problems
from orchestration.monitoring.rule_alerts import notify_rules
from orchestration.monitoring.segment_alerts import notify_moves
from orchestration.publication.delivery_due import Delivery, last_delivery
from reverse_sync.values.counted import counted

log = logging.getLogger("stripe_traits.sensors")
RUNNING = DefaultSensorStatus.RUNNING
Asked = RunRequest | SkipReason
# Dagster's daemon comes by each 5 seconds, and a change would wait for half of them. A tick that is
# not over by then, or an interval of 5 seconds that is not quite over, costs another 5.
WATCHED_SECONDS, LOOK_SECONDS = 4.0, 0.5


def sensors() -> Sequence[SensorDefinition]:
    starting = [inbox_waits, marts_are_newer, retries_are_due, live_stays_up]
    return [*starting, health, run_failed, old_runs]


@sensor(job_name=REFRESH, minimum_interval_seconds=1, default_status=RUNNING)
def inbox_waits(context: SensorEvaluationContext) -> Asked:
    """Objects that a webhook or a replay named and that no load has read yet."""
    if lacking := why_not_configured():
        return SkipReason(lacking)
    settings = read_settings(for_stripe=False)
    path = settings.folder.inbox
    if not path.exists():
        return SkipReason("there is no inbox yet: run initial_import first")
    return _watched(lambda: _asked_by_inbox(context.instance, path))


def _asked_by_inbox(instance: DagsterInstance, path: Path) -> Asked:
    with Inbox.open(path, read_only=True) as inbox:
        waiting = sum(inbox.backlog().values())
    if not waiting:
        return SkipReason("the inbox is empty")
    why = f"{counted(waiting, 'object')} in the inbox"
    others = [LIVE_REFRESH, NIGHTLY]
    # To start a run takes as long as its work: one that has loaded is followed before it ends.
    return ask(
        instance, REFRESH, mark="inbox", why=why, now=_now(), others=others, past=LANDING_STEP
    )


def _watched(look: Callable[[], Asked]) -> Asked:
    """What is asked for first until Dagster would ask again, such as when a run has just ended; why
    not, if nothing is."""
    until = time.monotonic() + WATCHED_SECONDS
    asked = look()
    while isinstance(asked, SkipReason) and time.monotonic() < until:
        time.sleep(LOOK_SECONDS)
        asked = look()
    return asked


@sensor(job_name=REVERSE_SYNC, minimum_interval_seconds=15, default_status=RUNNING)
def marts_are_newer(context: SensorEvaluationContext) -> Asked:
    """A build that the account store has not been brought to: it was down, or a run was killed."""
    if lacking := why_not_configured():
        return SkipReason(lacking)
    for last in _last_deliveries():
        if last.due and not last.retry_at and not last.is_on_its_way(_now()):
            return _deliver(context, last.build or "unknown", last.due)
    return SkipReason("the account store was brought to the last build")


@sensor(job_name=REVERSE_SYNC, minimum_interval_seconds=15, default_status=RUNNING)
def retries_are_due(context: SensorEvaluationContext) -> Asked:
    """Accounts that the store did not take, or had no budget for, and whose time has come; and
    those whose lifecycle a moment ends, such as a trial whose end an operator has set."""
    if lacking := why_not_configured():
        return SkipReason(lacking)
    waiting = [last for last in _last_deliveries() if last.again_at]
    until = min((last.again_at for last in waiting if last.again_at), default=None)
    if until is None:
        return SkipReason("no account waits for another attempt")
    if not any(last.is_due(_now()) for last in waiting):
        return SkipReason(f"the next attempt is due at {until:%Y-%m-%d %H:%M:%S} UTC")
    return _deliver(context, f"retry-{until.isoformat()}", "accounts are due for another attempt")


def _last_deliveries() -> Sequence[Delivery]:
    """Of each account store, that of ACCOUNT_STORE_URL first."""
    settings = read_settings(for_stripe=False)
    return [*filter(None, map(last_delivery, [settings, *further_stores(settings)]))]


def _deliver(context: SensorEvaluationContext, mark: str, why: str) -> Asked:
    others = [LIVE_REFRESH, NIGHTLY, REFRESH]  # they deliver themselves
    return ask(context.instance, REVERSE_SYNC, mark=mark, why=why, now=_now(), others=others)


@sensor(job_name=LIVE_REFRESH, minimum_interval_seconds=15, default_status=RUNNING)
def live_stays_up(context: SensorEvaluationContext) -> Asked:
    """With LIVE=true a run of live_refresh is under way at any time."""
    if lacking := why_not_configured():
        return SkipReason(lacking)
    if not read_settings(for_stripe=False).live:
        return SkipReason("LIVE is not set: changes come through the schedule and the inbox")
    why = "live_refresh has to stay up"
    return ask(context.instance, LIVE_REFRESH, mark="up", why=why, now=_now())


@sensor(name="health", minimum_interval_seconds=60, default_status=RUNNING)
def health(context: SensorEvaluationContext) -> SkipReason:
    """Tells when a problem begins and when it is over, who came into a segment or left it,
    and what alert rules noticed."""
    settings = read_settings(for_stripe=False)
    moved = [*notify_moves(settings), *notify_rules(settings)]
    return SkipReason("; ".join([_tell(settings, context.instance), *(one.text for one in moved)]))


@run_failure_sensor(minimum_interval_seconds=15, default_status=RUNNING)
def run_failed(context: RunFailureSensorContext) -> None:
    """The same, at once when a run failed."""
    said = _tell(read_settings(for_stripe=False), context.instance)
    log.info(said)  # the context's own log knows no JSON


@sensor(name="old_runs", minimum_interval_seconds=600, default_status=RUNNING)
def old_runs(context: SensorEvaluationContext) -> SkipReason:
    """Deletes runs that began more than RUN_HISTORY_DAYS ago, and what live told two days ago."""
    runs = delete_old_runs(read_settings(for_stripe=False), context.instance, now=_now())
    events = delete_old_events(context.instance, now=_now())
    return SkipReason(f"{runs} old runs deleted, {events} events of no run")


def _tell(settings: Settings, instance: DagsterInstance) -> str:
    now = _now()
    found = problems(settings, instance, NAMES, now=now)
    told = notify(settings, found, now=now)
    return f"{len(found)} problems, {len(told)} notices: " + "; ".join(p.text for p in found)


def _now() -> datetime:
    """A sensor's tick is where its time comes from."""
    return datetime.now(UTC)
