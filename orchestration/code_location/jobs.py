"""The jobs: which assets a run makes, and with which wishes.

Leaves: job definitions.
"""

from collections.abc import Sequence

from dagster import AssetKey, AssetSelection, JobDefinition, define_asset_job
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from orchestration.code_location.assets import account_store, run_settings
from orchestration.code_location.events.store_events import store_key
from orchestration.code_location.job_names import INITIAL_IMPORT, NIGHTLY, REFRESH, REVERSE_SYNC
from orchestration.code_location.live_job import live_refresh
from orchestration.code_location.reconcile_job import reconcile
from orchestration.code_location.run_log import CONFIG
from orchestration.code_location.run_tags import reconcile_tags, run_tags
from orchestration.code_location.upkeep_job import lake_upkeep


def jobs(stores: Sequence[str]) -> Sequence[JobDefinition | UnresolvedAssetJobDefinition]:
    """Every job; `stores` are the names of stores.yml."""
    all_of_it = AssetSelection.all() - AssetSelection.assets(run_settings.key)
    return [
        define_asset_job(
            INITIAL_IMPORT,
            selection=all_of_it,
            config=CONFIG,
            tags=run_tags(as_of=None, full=True),
            description="Everything at Stripe, to the marts and on to the account store. One that"
            " was interrupted goes on where it stopped.",
        ),
        define_asset_job(
            REFRESH,
            selection=all_of_it,
            config=CONFIG,
            description="Stripe's changes to the marts and on to the account store; where nothing"
            " changed, nothing is built or sent.",
        ),
        define_asset_job(
            NIGHTLY,
            selection=all_of_it,
            config=CONFIG,
            tags=run_tags(as_of=None, full=True) | reconcile_tags(),
            description="Stripe's changes, and a seventh of all objects compared with Stripe,"
            " whatever the events said: over a week the whole. Every model is built in full, with"
            " its docs.",
        ),
        define_asset_job(
            REVERSE_SYNC,
            selection=AssetSelection.assets(
                account_store.key, *(AssetKey(store_key(one)) for one in stores)
            ),
            config=CONFIG,
            description="What the account store, and each of stores.yml, does not hold yet of the"
            " marts as they are.",
        ),
        live_refresh,
        reconcile,
        lake_upkeep,
    ]
