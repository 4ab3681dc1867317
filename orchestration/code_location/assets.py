"""The assets: Stripe's landing tables, the dbt models, the account store, in one lineage.

Enters: Dagster's context, the settings. Leaves: materialisations and check results with counts and
durations. Keys join by name: a landing table is `stripe/<table>`, which is dbt's own default key
for `source('stripe', '<table>')`.
"""

import time
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from dagster import (
    AssetExecutionContext,
    AssetKey,
    AssetsDefinition,
    AssetSpec,
    MaterializeResult,
    ResourceParam,
    asset,
    multi_asset,
)
from dagster_dbt import dbt_assets

from ingestion.inbox.latency import Latency
from ingestion.landing import TABLES
from ingestion.landing.columns import Table
from ingestion.reconcile.slices import Share
from orchestration.clock import now
from orchestration.code_location.dbt_events import dbt_events
from orchestration.code_location.run_tags import as_of, is_full, moment, overridden, share
from orchestration.configuration.environment import read_settings
from orchestration.locks import open_warehouse
from orchestration.monitoring.refreshed import note_refreshed
from orchestration.pages.delivery_lines import result_lines
from orchestration.pages.delivery_metadata import as_metadata
from orchestration.pages.plots import latencies
from orchestration.pages.previews import shown
from orchestration.stages.build import table_rows, transform_stage
from orchestration.stages.build_due import build_due
from orchestration.stages.delivery import deliver_stage
from orchestration.stages.latency import loaded_until, measure_stage
from orchestration.stages.load import load_stage, reconcile_stage
from orchestration.terminal.reporter import log_reporter

run_settings = AssetSpec(
    ["pipeline", "run_settings"],
    group_name="pipeline",
    description="The settings and the `as_of` of the last build: one row, written before dbt runs.",
)


def stripe_landing(pool: str | None) -> AssetsDefinition:
    """The landing tables: one op, because one pass over Stripe's changes fills them all.

    Where nothing changed there is no materialisation, and Dagster skips what would follow.
    """

    @multi_asset(name="stripe_landing", specs=[_landing_spec(table) for table in TABLES], pool=pool)
    def landing(
        context: AssetExecutionContext, reporter: ResourceParam[Any], ahead: ResourceParam[Any]
    ) -> Iterator[MaterializeResult[None]]:
        began, settings = time.monotonic(), read_settings()
        heard = reporter or log_reporter(context.log)
        part = share(context)
        full = is_full(context) and not part
        result = ahead.result() if ahead else load_stage(settings, heard, full=full)
        if part:
            compared = reconcile_stage(settings, heard, share=Share(*part))
            context.log.info("compared with Stripe: %s", compared)
        seconds = round(time.monotonic() - began + (ahead.seconds if ahead else 0), 2)
        context.log.info("%s new events, %s objects read", result.events, result.objects.total())
        why = build_due(settings, heard, as_of=as_of(context))
        if not why:
            context.log.info("nothing changed: nothing is built")
            note_refreshed(settings.folder, at=now())
            return
        context.log.info("the marts are built: %s", why)
        with open_warehouse(settings.folder, heard) as warehouse:
            there = table_rows(warehouse)
        for table in TABLES:
            yield MaterializeResult(
                asset_key=["stripe", table.name],
                metadata={
                    "dagster/row_count": there.get(("stripe", table.name), 0),
                    "rows_merged": result.rows[table.name],
                    "seconds": seconds,
                    "rows_per_second": round(result.rows[table.name] / max(seconds, 0.01), 1),
                    "full_read": result.full,
                    "why_full": result.why or "",
                },
            )

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


def dbt_models(manifest: Mapping[str, Any], pool: str | None) -> AssetsDefinition:
    """The dbt models, seeds and tests of `transform/` as assets and asset checks."""

    @dbt_assets(manifest=manifest, pool=pool, name="dbt_models")
    def models(context: AssetExecutionContext, reporter: ResourceParam[Any]) -> Iterator[Any]:
        settings = read_settings()
        heard = reporter or log_reporter(context.log)
        built = transform_stage(settings, heard, as_of=as_of(context), full=is_full(context))
        yield from dbt_events(
            manifest, built, shown=partial(shown, settings.marts, drawn=built.is_full)
        )
        if built.failure:
            raise built.failure
        if share(context):  # the nightly run
            from orchestration.build.dbt_process import write_docs

            context.log.info("docs of every model and column: %s", write_docs(settings))

    return models


@asset(
    deps=[AssetKey(["marts", "account_traits"])],
    group_name="account_store",
    kinds={"python"},
    description=(
        "The account store brought to `account_traits`: only what differs from the last"
        " acknowledged values is sent."
    ),
)
def account_store(
    context: AssetExecutionContext, reporter: ResourceParam[Any]
) -> MaterializeResult[None]:
    """Diff, push, remember; the counts as metadata, and how long Stripe's events took."""
    settings, began = read_settings(), time.monotonic()
    loads = loaded_until(settings.folder)
    result = deliver_stage(
        settings,
        reporter or log_reporter(context.log),
        as_of=as_of(context),
        run_id=context.run.run_id,
        overridden=overridden(context),
    )
    note_refreshed(settings.folder, at=now())
    for line in result_lines(result):
        context.log.info(line)
    took = measure_stage(settings.folder, reached_at=moment(context), loaded_until=loads)
    seconds = round(time.monotonic() - began, 3)
    rate = {"seconds": seconds, "accounts_per_second": round(result.sent / max(seconds, 0.001), 1)}
    drawn = latencies(settings.folder.inbox) if is_full(context) else None
    picture = {"picture": drawn} if drawn else {}
    return MaterializeResult(metadata={**as_metadata(result), **rate, **_latency(took), **picture})


def _latency(took: Latency) -> dict[str, int | float]:
    seconds = {
        "latency_median_seconds": took.median_seconds,
        "latency_p95_seconds": took.p95_seconds,
        "latency_slowest_seconds": took.slowest_seconds,
    }
    known = {name: value for name, value in seconds.items() if value is not None}
    return {"events_delivered": took.events, **known}
