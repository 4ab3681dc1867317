"""When runs begin by the clock, in the operator's time zone.

Enters: their crons, `SCHEDULE_TIME_ZONE`. Leaves: schedules. A missed or doubled trigger is
harmless: a run finds its work where it waits.
"""

from collections.abc import Sequence
from datetime import UTC

from dagster import (
    DefaultScheduleStatus,
    RunRequest,
    ScheduleDefinition,
    ScheduleEvaluationContext,
    SkipReason,
)

from orchestration.code_location.job_names import LAKE_UPKEEP, LIVE_REFRESH, NIGHTLY, REFRESH
from orchestration.code_location.run_requests import ask
from orchestration.configuration.environment import read_settings, why_not_configured
from orchestration.configuration.named_files import ScheduleSettings


def schedules(settings: ScheduleSettings) -> Sequence[ScheduleDefinition]:
    return [
        ScheduleDefinition(
            name="nightly",
            job_name=NIGHTLY,
            cron_schedule=settings.nightly_schedule,
            execution_timezone=settings.schedule_time_zone,
            execution_fn=_nightly,
            default_status=DefaultScheduleStatus.RUNNING,
            description="Once a day, whatever the events said.",
        ),
        ScheduleDefinition(
            name="poll",
            job_name=REFRESH,
            cron_schedule=settings.refresh_schedule,
            execution_timezone=settings.schedule_time_zone,
            execution_fn=_poll,
            default_status=DefaultScheduleStatus.RUNNING,
            description="Asks Stripe's feed for changes that no webhook told of.",
        ),
        ScheduleDefinition(
            name="upkeep",
            job_name=LAKE_UPKEEP,
            cron_schedule=settings.lake_upkeep_schedule,
            execution_timezone=settings.schedule_time_zone,
            execution_fn=_upkeep,
            default_status=DefaultScheduleStatus.RUNNING,
            description="Once a day, where the warehouse is a lakehouse.",
        ),
    ]


def _nightly(context: ScheduleEvaluationContext) -> RunRequest | SkipReason:
    if why := why_not_configured():
        return SkipReason(why)
    return RunRequest(run_key=context.scheduled_execution_time.isoformat())


def _upkeep(context: ScheduleEvaluationContext) -> RunRequest | SkipReason:
    if why := why_not_configured():
        return SkipReason(why)
    if not read_settings(for_stripe=False).site.wants_upkeep:
        return SkipReason("the warehouse has no tables in a REST catalog")
    return RunRequest(run_key=context.scheduled_execution_time.isoformat())


def _poll(context: ScheduleEvaluationContext) -> RunRequest | SkipReason:
    if lacking := why_not_configured():
        return SkipReason(lacking)
    now = context.scheduled_execution_time.astimezone(UTC)
    why = "time to poll Stripe's events"
    mark = now.isoformat()
    return ask(
        context.instance, REFRESH, mark=mark, why=why, now=now, others=[LIVE_REFRESH, NIGHTLY]
    )
