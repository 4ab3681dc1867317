"""The job `lake_upkeep`: small files put together, old snapshots and files that none needs gone.

Enters: the settings. Leaves: tables of a REST catalog as they were, in fewer files. Any other
warehouse keeps itself up, or its engine does.
"""

from dagster import OpExecutionContext, job, op

from orchestration.clock import now
from orchestration.code_location.run_log import CONFIG, console
from orchestration.configuration.environment import read_settings


@op(description="Each landing table and mart in the lake; what it holds stays as it is.")
def keep_tables_up(context: OpExecutionContext) -> None:
    done = read_settings(for_stripe=False).site.keep_up(at=now())
    for name, counts in done.items():
        context.log.info("%s: %s", name, counts)
    if not done:
        context.log.info("the warehouse has no tables in a REST catalog: there is nothing to do")


@job(
    config=CONFIG,
    logger_defs={"console": console},
    description="The tables of a lakehouse in fewer files and snapshots: once a day, one machine.",
)
def lake_upkeep() -> None:
    keep_tables_up()
