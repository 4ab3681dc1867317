"""Runs inside a process of the command line: which of them still live, as Dagster should know.

Enters: Dagster's storage. Leaves: runs whose process was killed marked as failed. Dagster's daemon
looks after the runs that it launched, not after these. A run's process holds a lock on a file of
the run's name; the kernel frees it with the process.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dagster import DagsterInstance, DagsterRun, DagsterRunStatus, RunsFilter

from orchestration.file_lock import LockHeld, writer_lock

IN_PROCESS = "stripe_traits/in_process"


@contextmanager
def alive(instance: DagsterInstance, home: Path, run_id: str) -> Iterator[None]:
    """Show as long as this block lasts that the run lives; first settle the ones that died."""
    folder = home / "in_process"
    folder.mkdir(parents=True, exist_ok=True)
    for run in _unfinished(instance):
        _settle(instance, run, folder / run.run_id)
    path = folder / run_id
    with writer_lock(path, purpose="run"):
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def _unfinished(instance: DagsterInstance) -> list[DagsterRun]:
    statuses = [DagsterRunStatus.STARTING, DagsterRunStatus.STARTED]
    return list(instance.get_runs(RunsFilter(statuses=statuses, tags={IN_PROCESS: "true"})))


def _settle(instance: DagsterInstance, run: DagsterRun, path: Path) -> None:
    try:
        with writer_lock(path, purpose="settle", patience=0):
            instance.report_run_failed(run, "the process ended before the run did")
    except LockHeld:
        return  # it lives
    path.unlink(missing_ok=True)
