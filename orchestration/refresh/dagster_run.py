"""One refresh, end to end: the Dagster job `refresh`, run inside this process.

Enters: the settings, `as_of`, whether everything is read. Leaves: what each stage did, also where
the account store is away: what was built is published, and the delivery is owed. The command
line runs the same job as Dagster's own daemon, so there is one order of things, and every run shows
on Dagster's page.
"""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

from dagster import (
    AssetKey,
    DagsterEventType,
    DagsterExecutionInterruptedError,
    DagsterInstance,
    Definitions,
    ExecuteInProcessResult,
)

from orchestration.build.manifest import is_outdated, write_manifest
from orchestration.clock import now
from orchestration.code_location.contents import definitions
from orchestration.code_location.job_names import REFRESH, REVERSE_SYNC
from orchestration.code_location.run_log import QUIET
from orchestration.code_location.run_tags import run_tags
from orchestration.configuration.settings import Settings
from orchestration.dagster_local.dagster_home import dagster_instance
from orchestration.dagster_local.in_process import IN_PROCESS, alive
from orchestration.dagster_local.standard_error import told_once
from orchestration.publication.delivery_due import is_due_or_lost
from orchestration.refresh.made import Made
from orchestration.stages.load_ahead import LoadedAhead
from orchestration.terminal.reporter import Reporter

ACCOUNT_STORE = AssetKey("account_store")


def _forget(_: Made) -> None:
    """Nobody asks."""


# A step that is left out because nothing changed is no news: its checks have nothing to gate.
logging.getLogger("dagster._core.execution.plan.active").setLevel(logging.ERROR)


def refresh(  # noqa: PLR0913  (all by keyword)
    settings: Settings,
    reporter: Reporter,
    *,
    full: bool = False,
    as_of: datetime | None = None,
    overridden: frozenset[str] = frozenset(),
    on_made: Callable[[Made], None] = _forget,
    ahead: LoadedAhead | None = None,
) -> list[ExecuteInProcessResult]:
    """Run the job; then, where it had nothing to build and an earlier delivery is due, deliver.

    `on_made` hears what each run made, however it ends. `ahead`: the load was done before.
    Raises what a stage raised: StripeError, TransformFailed, Blocked, AccountStoreError, ...
    """
    if is_outdated():
        write_manifest()
    # No pool: a killed process would keep its slot, and here is no daemon that frees it.
    defs = definitions(pool=None)
    tags = {**run_tags(as_of=as_of, full=full, overridden=overridden), IN_PROCESS: "true"}
    with dagster_instance(settings) as instance:
        given = {"reporter": reporter, "ahead": ahead}
        runs = [_run(defs, REFRESH, settings, instance, given, tags, on_made)]
        # Once a command: what the store did not take a moment ago it does not take now.
        if not _delivered(runs[0]) and is_due_or_lost(settings, at=now()):
            runs.append(_run(defs, REVERSE_SYNC, settings, instance, given, tags, on_made))
    return runs


def _delivered(run: ExecuteInProcessResult) -> bool:
    return any(event.asset_key == ACCOUNT_STORE for event in run.get_asset_materialization_events())


def _run(  # noqa: PLR0913, PLR0917
    defs: Definitions,
    job: str,
    settings: Settings,
    instance: DagsterInstance,
    given: dict[str, Any],
    tags: dict[str, str],
    on_made: Callable[[Made], None],
) -> ExecuteInProcessResult:
    run_id = str(uuid4())
    with told_once(), alive(instance, settings.folder.dagster, run_id):
        try:
            return defs.resolve_job_def(job).execute_in_process(
                instance=instance,
                run_id=run_id,
                run_config=QUIET,
                tags=tags,
                resources=given,
            )
        except DagsterExecutionInterruptedError:
            raise KeyboardInterrupt from None
        finally:
            on_made(_made(instance, run_id))


def _made(instance: DagsterInstance, run_id: str) -> Made:
    """Read from Dagster's log: a run that failed has no result."""
    found: dict[str, Mapping[str, Any]] = {}
    for entry in instance.all_logs(run_id, of_type=DagsterEventType.ASSET_MATERIALIZATION):
        if made := entry.asset_materialization:
            told = {name: value.value for name, value in made.metadata.items()}
            found[made.asset_key.to_user_string()] = told
    return found
