"""What the code location holds: assets, jobs, schedules, sensors.

Enters: the manifest that `make setup` wrote, and the pool that the writing ops share. Leaves:
definitions. Needs neither secret nor network.
"""

from dagster import (
    Definitions,
    ResourceDefinition,
    in_process_executor,
)

from orchestration.assets import account_store, dbt_models, run_settings, stripe_landing
from orchestration.jobs import jobs
from orchestration.manifest import read_manifest
from orchestration.schedules import schedules
from orchestration.sensors import sensors
from orchestration.settings import ScheduleSettings, WrongSettings, schedule_problems


def definitions(*, pool: str | None) -> Definitions:
    """All definitions. Without a pool only the lock beside the warehouse keeps writers apart."""
    timing = ScheduleSettings()
    if wrong := schedule_problems(timing):
        raise WrongSettings("\n".join(wrong))
    return Definitions(
        assets=[
            run_settings,
            stripe_landing(pool),
            dbt_models(read_manifest(), pool),
            account_store,
        ],
        jobs=jobs(),
        schedules=schedules(timing),
        sensors=sensors(),
        executor=in_process_executor,
        resources={"reporter": ResourceDefinition.none_resource()},
    )
