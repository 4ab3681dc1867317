"""What the code location holds: assets, the job `refresh`, the nightly schedule.

Enters: the manifest that `make setup` wrote, and the pool that the writing ops share. Leaves:
definitions. Needs neither secret nor network.
"""

from dagster import (
    AssetSelection,
    DefaultScheduleStatus,
    Definitions,
    ResourceDefinition,
    ScheduleDefinition,
    define_asset_job,
    in_process_executor,
)

from orchestration import setting_checks as checks
from orchestration.assets import account_store, dbt_models, run_settings, stripe_landing
from orchestration.manifest import read_manifest
from orchestration.run import run_tags
from orchestration.settings import ScheduleSettings, WrongSettings

REFRESH = "refresh"


def definitions(*, pool: str | None) -> Definitions:
    """All definitions. Without a pool only the lock beside the warehouse keeps writers apart."""
    schedule = ScheduleSettings()
    wrong = checks.schedule(schedule.nightly_schedule, schedule.schedule_time_zone)
    if wrong:
        raise WrongSettings("\n".join(wrong))
    refresh = define_asset_job(
        REFRESH,
        selection=AssetSelection.all() - AssetSelection.assets(run_settings.key),
        description="Stripe's changes to the marts and on to the account store.",
    )
    nightly = ScheduleDefinition(
        name="nightly",
        job=refresh,
        cron_schedule=schedule.nightly_schedule,
        execution_timezone=schedule.schedule_time_zone,
        tags=run_tags(as_of=None, full=True),
        default_status=DefaultScheduleStatus.RUNNING,
        description="Everything is read again, whatever the events said.",
    )
    return Definitions(
        assets=[
            run_settings,
            stripe_landing(pool),
            dbt_models(read_manifest(), pool),
            account_store,
        ],
        jobs=[refresh],
        schedules=[nightly],
        executor=in_process_executor,
        resources={"reporter": ResourceDefinition.none_resource()},
    )
