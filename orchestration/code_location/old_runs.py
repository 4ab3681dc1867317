"""Runs that began long ago go from Dagster's storage: they and their logs would slow its page.

Enters: Dagster's storage, a moment. Leaves: fewer runs. The last one of each job stays, however
old: it says how the job ended. Ticks have a limit of their own, in `dagster.yaml`.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from dagster import DagsterInstance, DagsterRunStatus, RunsFilter
from dagster._core.storage.event_log import SqlEventLogStorage
from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable
from dagster._core.storage.runs import SqlRunStorage
from dagster._core.storage.runs.schema import RunTagsTable

from orchestration.code_location.job_names import NAMES
from orchestration.configuration.settings import Settings

ENDED = [DagsterRunStatus.SUCCESS, DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED]
MOST = 200  # at once, which takes seconds; the next tick takes the next ones


def delete_old_runs(
    settings: Settings, instance: DagsterInstance, *, now: datetime, most: int = MOST
) -> int:
    """How many went, of those that began more than `RUN_HISTORY_DAYS` before `now` (aware UTC)."""
    before = now - timedelta(days=settings.run_history_days)
    ended = RunsFilter(statuses=ENDED, created_before=before)
    last = _last_runs(instance)
    found = instance.get_runs(ended, limit=most + len(last), ascending=True)
    old = [run.run_id for run in found if run.run_id not in last][:most]
    for run_id in old:
        instance.delete_run(run_id)
    if old:
        _delete_what_dagster_leaves(instance, old)
    return len(old)


def _last_runs(instance: DagsterInstance) -> set[str]:
    filters = (RunsFilter(job_name=job, statuses=ENDED) for job in NAMES)
    return {run_id for one in filters for run_id in instance.get_run_ids(one, limit=1)}


def _delete_what_dagster_leaves(instance: DagsterInstance, run_ids: Sequence[str]) -> None:
    """What asset checks said, hundreds of rows a build; and tags, of which SQLite deletes none."""
    runs, events = instance.run_storage, instance.event_log_storage
    if isinstance(runs, SqlRunStorage):
        with runs.connect() as connection:
            connection.execute(RunTagsTable.delete().where(RunTagsTable.c.run_id.in_(run_ids)))
    if isinstance(events, SqlEventLogStorage):
        checks = AssetCheckExecutionsTable
        with events.index_connection() as connection:
            connection.execute(checks.delete().where(checks.c.run_id.in_(run_ids)))
