"""The job `reconcile`: both ends compared with what is here, as a run of its own.

Enters: the settings. Leaves: landing tables repaired from Stripe (the next refresh builds on them),
the account store's differences in `sync_drift`, and both as asset checks. The store is not written.
"""

from dagster import In, Nothing, OpExecutionContext, job, op

from ingestion.reconcile.slices import Share
from orchestration import repairs
from orchestration.code_location.events.as_dagster import told
from orchestration.code_location.events.verdicts import verdicts_on_both_ends
from orchestration.code_location.run_log import CONFIG, console
from orchestration.configuration.environment import read_settings
from orchestration.stages.load import reconcile_stage
from orchestration.terminal.reporter import log_reporter
from reverse_sync.stores.account_store import NotReadable


@op(description="Every object at Stripe beside the landed one; what differs is read again.")
def compare_with_stripe(context: OpExecutionContext) -> None:
    compared = reconcile_stage(read_settings(), log_reporter(context.log), share=Share())
    context.log.info("compared with Stripe: %s", compared)


@op(
    ins={"start": In(Nothing)},
    description="Every account of the store beside what it acknowledged.",
)
def compare_with_store(context: OpExecutionContext) -> None:
    settings = read_settings()
    try:
        drift, _ = repairs.reconcile(
            settings, log_reporter(context.log), repair=False, overridden=frozenset()
        )
        context.log.info("compared with the account store: %s", dict(drift.accounts))
    except NotReadable as error:
        context.log.info("%s", error)
    for event in verdicts_on_both_ends(settings):
        context.instance.report_runless_asset_event(told(event))


@job(
    config=CONFIG,
    logger_defs={"console": console},
    description="Stripe and the account store beside what is here, in full. Landing tables are"
    " repaired, the account store is not: `stripe-traits reconcile --store --repair` does.",
)
def reconcile() -> None:
    compare_with_store(start=compare_with_stripe())
