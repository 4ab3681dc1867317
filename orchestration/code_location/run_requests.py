"""How a sensor asks for a run: once for a piece of work, again only after that run has ended, or
has taken its part of the work.

Enters: a job, why it is due, what marks the work. Leaves: one request, or a skip that says why.
A failed run is asked for again after a pause that doubles; the work itself is kept where it waits
(inbox, outbox, marts), so that a missed or a doubled request loses nothing.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from dagster import (
    DagsterEventType,
    DagsterInstance,
    DagsterRun,
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
    past: str | None = None,
) -> RunRequest | SkipReason:
    """A run of `job` for the work that `mark` names, unless one (or one of `others`) is under way.

    `now` is aware UTC. The run's key is the mark and the run before it, so that the same work is
    asked for again only when that run is over. `past`: the step that takes the work; a run of which
    it has succeeded does not do what came since, and one more may start beside it.
    """
    busy = [run for name in (job, *others) for run in _under_way(instance, name)]
    if busy and not (past and _alone_is_past(instance, busy, job, past)):
        return SkipReason(f"{why}; run {busy[0].run_id} of {busy[0].job_name} is at it already")
    ended = instance.get_run_records(RunsFilter(job_name=job), limit=8)
    pause = until(ended)
    if pause and now < pause:
        return SkipReason(
            f"{why}; the last run failed, the next one starts at {pause:%H:%M:%S} UTC"
        )
    before = [*busy, *(one.dagster_run for one in ended)]
    last = before[0].run_id if before else "first"
    return RunRequest(run_key=f"{job}/{mark}/{last}", job_name=job, tags={"stripe_traits/why": why})


def _under_way(instance: DagsterInstance, job: str) -> Sequence[DagsterRun]:
    """The newest two."""
    return instance.get_runs(RunsFilter(job_name=job, statuses=UNDER_WAY), limit=2)


def _alone_is_past(
    instance: DagsterInstance, busy: Sequence[DagsterRun], job: str, step: str
) -> bool:
    """Whether nothing is under way but one run of the job, of which the step has succeeded."""
    if len(busy) > 1 or busy[0].job_name != job:
        return False
    ended = instance.all_logs(busy[0].run_id, of_type=DagsterEventType.STEP_SUCCESS)
    return any(one.step_key == step for one in ended)


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
