"""How a sensor asks for a run: once for a piece of work, again only after that run has ended.

Enters: a job, why it is due, what marks the work. Leaves: one request, or a skip that says why.
A failed run is asked for again after a pause that doubles; the work itself is kept where it waits
(inbox, outbox, marts), so that a missed or a doubled request loses nothing.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from dagster import (
    DagsterInstance,
    DagsterRunStatus,
    RunRecord,
    RunRequest,
    RunsFilter,
    SkipReason,
)

UNDER_WAY = [
    DagsterRunStatus.QUEUED,
    DagsterRunStatus.NOT_STARTED,
    DagsterRunStatus.STARTING,
    DagsterRunStatus.STARTED,
    DagsterRunStatus.CANCELING,
]
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(minutes=15)


def ask(  # noqa: PLR0913  (all by keyword)
    instance: DagsterInstance,
    job: str,
    *,
    mark: str,
    why: str,
    now: datetime,
    others: Sequence[str] = (),
) -> RunRequest | SkipReason:
    """A run of `job` for the work that `mark` names, unless one (or one of `others`) is under way.

    `now` is aware UTC. The run's key is the mark and the last run that ended, so that the same work
    is asked for again only when that run is over.
    """
    for name in (job, *others):
        busy = instance.get_runs(RunsFilter(job_name=name, statuses=UNDER_WAY), limit=1)
        if busy:
            return SkipReason(f"{why}; run {busy[0].run_id} of {name} is at it already")
    ended = instance.get_run_records(RunsFilter(job_name=job), limit=8)
    pause = until(ended)
    if pause and now < pause:
        return SkipReason(
            f"{why}; the last run failed, the next one starts at {pause:%H:%M:%S} UTC"
        )
    last = ended[0].dagster_run.run_id if ended else "first"
    return RunRequest(run_key=f"{job}/{mark}/{last}", job_name=job, tags={"stripe_traits/why": why})


def until(ended: Sequence[RunRecord]) -> datetime | None:
    """When the next attempt may start after the failures at the head of these runs (newest first);
    None where the newest did not fail."""
    failures = 0
    for record in ended:
        if record.dagster_run.status != DagsterRunStatus.FAILURE:
            break
        failures += 1
    if not failures or ended[0].end_time is None:
        return None
    pause = min(FIRST_PAUSE * 2 ** (failures - 1), LONGEST_PAUSE)
    ended_at: float = float(ended[0].end_time)
    again: datetime = datetime.fromtimestamp(ended_at, tz=UTC) + pause
    return again
