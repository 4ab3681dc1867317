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
from orchestration.code_location.jobs import REFRESH, REVERSE_SYNC
from orchestration.code_location.run_log import QUIET
from orchestration.code_location.run_tags import run_tags
from orchestration.configuration.settings import Settings
from orchestration.dagster_local.dagster_home import dagster_instance
from orchestration.dagster_local.in_process import IN_PROCESS, alive
from orchestration.publication.delivery_due import is_due
from orchestration.publication.marts import acknowledged_version
from orchestration.terminal.reporter import Reporter
from reverse_sync.stores.url import opened

# The metadata of each asset that a run has made, by its key.
Made = Mapping[str, Mapping[str, Any]]
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
) -> list[ExecuteInProcessResult]:
    """Run the job; then, where it had nothing to build and an earlier delivery is due, deliver.

    `on_made` hears what each run made, however it ends. Raises what a stage raised: StripeError,
    TransformFailed, Blocked, AccountStoreError, ...
    """
    if is_outdated():
        write_manifest()
    # No pool: a killed process would keep its slot, and here is no daemon that frees it.
    defs = definitions(pool=None)
    tags = {**run_tags(as_of=as_of, full=full, overridden=overridden), IN_PROCESS: "true"}
    with dagster_instance(settings) as instance:
        runs = [_run(defs, REFRESH, settings, instance, reporter, tags, on_made)]
        # Once a command: what the store did not take a moment ago it does not take now.
        if not _delivered(runs[0]) and (is_due(settings, at=now()) or _store_lost(settings)):
            runs.append(_run(defs, REVERSE_SYNC, settings, instance, reporter, tags, on_made))
    return runs


def _delivered(run: ExecuteInProcessResult) -> bool:
    return any(event.asset_key == ACCOUNT_STORE for event in run.get_asset_materialization_events())


def _store_lost(settings: Settings) -> bool:
    """Whether the store lacks what it acknowledged: it was emptied, restored or replaced. Nothing
    is due then, and a delivery blocks with the remedy."""
    with opened(settings.target) as store:
        return acknowledged_version(settings.marts) > store.highest_version()


def _run(  # noqa: PLR0913, PLR0917
    defs: Definitions,
    job: str,
    settings: Settings,
    instance: DagsterInstance,
    reporter: Reporter,
    tags: dict[str, str],
    on_made: Callable[[Made], None],
) -> ExecuteInProcessResult:
    run_id = str(uuid4())
    with alive(instance, settings.folder.dagster, run_id):
        try:
            return defs.resolve_job_def(job).execute_in_process(
                instance=instance,
                run_id=run_id,
                run_config=QUIET,
                tags=tags,
                resources={"reporter": reporter},
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
