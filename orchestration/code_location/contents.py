"""What the code location holds: assets, jobs, schedules, sensors.

Enters: the manifest that `make setup` wrote, and the pool that the writing ops share. Leaves:
definitions. Needs neither secret nor network.
"""

from datetime import timedelta

from dagster import (
    AssetsDefinition,
    AssetSpec,
    Definitions,
    FreshnessPolicy,
    in_process_executor,
    map_asset_specs,
)

from orchestration.code_location.asset_checks import asset_checks
from orchestration.code_location.assets import (
    account_store,
    dbt_models,
    further_account_store,
    own_traits,
    run_settings,
    stripe_landing,
)
from orchestration.code_location.jobs import jobs
from orchestration.code_location.run_log import console
from orchestration.code_location.schedules import schedules
from orchestration.code_location.sensors import sensors
from orchestration.configuration.environment import WrongSettings
from orchestration.configuration.named_files import NamedFiles, ScheduleSettings, schedule_problems
from orchestration.configuration.stores.store_file import read
from orchestration.terminal.logs import drop_plain_root_handlers

# The nightly run makes everything anew; where nothing changes in between, nothing is made.
FRESHNESS = FreshnessPolicy.time_window(
    warn_window=timedelta(hours=26), fail_window=timedelta(hours=50)
)


def definitions(*, pool: str | None) -> Definitions:
    """All definitions. Without a pool only the lock beside the warehouse keeps writers apart, as it
    does with loads: Dagster would not start a run of which the first op waits for a slot."""
    drop_plain_root_handlers()
    timing = ScheduleSettings()
    if wrong := schedule_problems(timing):
        raise WrongSettings("\n".join(wrong))
    files = NamedFiles()
    stores = sorted(read(files.stores_file))
    assets: list[AssetSpec | AssetsDefinition] = [
        run_settings,
        stripe_landing(),
        dbt_models(pool),
        account_store,
        *map(further_account_store, stores),
        *([own_traits()] if files.traits_dir else []),
    ]
    return Definitions(
        assets=map_asset_specs(_described, assets),
        asset_checks=asset_checks(),
        jobs=jobs(stores),
        schedules=schedules(timing),
        sensors=sensors(),
        executor=in_process_executor,
        loggers={"console": console},
    )


def _described(spec: AssetSpec) -> AssetSpec:
    """Who looks after an asset, and how old it may be before Dagster's page says so."""
    ungrouped = spec.group_name in {None, "default"}
    group = spec.key.path[0] if ungrouped else spec.group_name  # a model's is its schema
    owned = spec.replace_attributes(group_name=group, owners=[f"team:{group}"])
    if spec.key.path[0] not in ("marts", "account_store"):
        return owned
    return owned.replace_attributes(freshness_policy=FRESHNESS)
