"""The assets: Stripe's landing tables, the dbt models, the account store, in one lineage.

Enters: Dagster's context, the settings. Leaves: materialisations and check results with counts and
durations. Keys join by name: a landing table is `stripe/<table>`, which is dbt's own default key
for `source('stripe', '<table>')`.
"""

import time
from collections.abc import Iterator
from functools import partial
from typing import Any

from dagster import (
    AssetCheckSpec,
    AssetExecutionContext,
    AssetKey,
    AssetsDefinition,
    AssetSpec,
    MaterializeResult,
    asset,
    multi_asset,
)

from ingestion.landing import TABLES
from ingestion.landing.columns import Table
from ingestion.reconcile.slices import Share
from orchestration.code_location.dbt_specs import dbt_specs
from orchestration.code_location.events.as_dagster import Yielded, made, yielded
from orchestration.code_location.events.own_traits_events import (
    OF_THIS_BUILD,
    OWN_TRAITS,
    own_traits_events,
)
from orchestration.code_location.events.stage_events import (
    ACCOUNT_STORE,
    delivery_event,
    landing_events,
    model_events,
)
from orchestration.code_location.events.store_events import further_event, store_key
from orchestration.code_location.job_names import LANDING_STEP
from orchestration.code_location.run_tags import as_of, is_full, moment, overridden, share
from orchestration.configuration.environment import read_settings
from orchestration.configuration.stores.further_stores import store_settings
from orchestration.stages.compare_builds import compared_line
from orchestration.stages.load import load_stage, reconcile_stage
from orchestration.stages.own_traits import check_own_traits
from orchestration.terminal.reporter import log_reporter

run_settings = AssetSpec(
    ["pipeline", "run_settings"],
    group_name="pipeline",
    description="The settings and the `as_of` of the last build: one row, written before dbt runs.",
)


def stripe_landing() -> AssetsDefinition:
    """The landing tables: one op, because one pass over Stripe's changes fills them all.

    Where nothing changed there is no materialisation, and Dagster skips what would follow.
    """

    @multi_asset(name=LANDING_STEP, specs=[_landing_spec(table) for table in TABLES])
    def landing(context: AssetExecutionContext) -> Iterator[MaterializeResult[None]]:
        began, settings = time.monotonic(), read_settings()
        heard = log_reporter(context.log)
        part = share(context)
        if part:
            context.log.info("%s", compared_line(settings, heard))
        result = load_stage(settings, heard, full=is_full(context) and not part)
        if part:
            compared = reconcile_stage(settings, heard, share=Share(*part))
            context.log.info("compared with Stripe: %s", compared)
        events = landing_events(
            settings,
            heard,
            result,
            as_of=as_of(context),
            seconds=round(time.monotonic() - began, 2),
            say=context.log.info,
        )
        yield from map(made, events)

    return landing


LACKING = ("missing_objects", "quarantine")  # what the other tables lack


def _landing_spec(table: Table) -> AssetSpec:
    things = table.name.replace("_", " ")
    return AssetSpec(
        ["stripe", table.name],
        deps=_others() if table.name in LACKING else None,
        group_name="stripe",
        skippable=True,  # nothing changed: nothing is made, and nothing after it runs
        description=f"Stripe's {things}, one row each, as the API gives them (minor units, UTC).",
        kinds={"stripe", "dlt", "duckdb"},
    )


def _others() -> list[AssetKey]:
    return [AssetKey(["stripe", table.name]) for table in TABLES if table.name not in LACKING]


def dbt_models(pool: str | None) -> AssetsDefinition:
    """The dbt models, seeds and tests of `transform/` as assets and asset checks, as dagster-dbt's
    `dbt_assets` makes them. Raises ManifestOutdated."""
    specs, checks = dbt_specs()

    @multi_asset(
        name="dbt_models",
        specs=specs,
        check_specs=checks,
        can_subset=True,
        pool=pool,
        allow_arbitrary_check_specs=True,
    )
    def models(context: AssetExecutionContext) -> Iterator[Any]:
        settings = read_settings()
        heard = log_reporter(context.log)
        events = model_events(settings, heard, as_of=as_of(context), full=is_full(context))
        yield from yielded(events)
        if share(context):  # the nightly run
            from orchestration.pages.data_dictionary import write_docs

            context.log.info("docs of every model and column: %s", write_docs(settings))

    return models


def own_traits() -> AssetsDefinition:
    """The traits of TRAITS_DIR, which the build has made; wrong ones fail its check alone, and the
    run once all else is delivered."""

    @asset(
        key=AssetKey(OWN_TRAITS),
        deps=[AssetKey(["marts", "accounts"])],
        check_specs=[
            AssetCheckSpec(
                OF_THIS_BUILD,
                asset=AssetKey(OWN_TRAITS),
                description="Every model of TRAITS_DIR was right; else own traits stay as they"
                " were.",
            )
        ],
        kinds={"duckdb"},
        description="The traits of TRAITS_DIR, one row an account.",
    )
    def custom_traits() -> Iterator[Yielded]:
        yield from yielded(own_traits_events(read_settings()))

    return custom_traits


def further_account_store(store: str) -> AssetsDefinition:
    """A store of `stores.yml`, which fails or succeeds on its own."""

    @asset(
        key=AssetKey(store_key(store)),
        deps=[AssetKey(["marts", "account_traits"])],
        group_name="account_store",
        kinds={"python"},
        description=f"The store '{store}' of stores.yml brought to what it is to hold of"
        " `account_traits`.",
    )
    def account_store_of(context: AssetExecutionContext) -> MaterializeResult[None]:
        event = further_event(
            store_settings(store),
            log_reporter(context.log),
            as_of=as_of(context),
            run_id=context.run.run_id,
            say=context.log.info,
        )
        return made(event)

    return account_store_of


@asset(
    key=AssetKey(ACCOUNT_STORE),
    deps=[AssetKey(["marts", "account_traits"])],
    group_name="account_store",
    kinds={"python"},
    description=(
        "The account store brought to `account_traits`: only what differs from the last"
        " acknowledged values is sent."
    ),
)
def account_store(context: AssetExecutionContext) -> Iterator[MaterializeResult[None]]:
    """Diff, push, remember. Own traits that failed fail the run when all else is delivered."""
    settings = read_settings()
    event = delivery_event(
        settings,
        log_reporter(context.log),
        as_of=as_of(context),
        clock=partial(moment, context),
        run_id=context.run.run_id,
        overridden=overridden(context),
        drawn=is_full(context),
        say=context.log.info,
    )
    yield made(event)
    check_own_traits(settings)
