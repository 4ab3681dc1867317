"""A refresh that a command does itself, as a run on Dagster's page.

Enters: the job that it stands for, its tags, what its stages made. Leaves: a run with its events,
its log and how it ended, as if Dagster had run the job, whose engine takes five seconds of
processor to do so. Dagster itself is loaded here, the definitions are not.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from dagster import AssetMaterialization, DagsterEvent, DagsterInstance, DagsterRun
from dagster import DagsterEventType as Kind
from dagster import DagsterRunStatus as Status
from dagster._core.events import EngineEventData, JobFailureData, StepMaterializationData
from dagster_shared.error import SerializableErrorInfo

from orchestration.clock import now
from orchestration.code_location.events.as_dagster import told
from orchestration.code_location.events.event import Event
from orchestration.code_location.old_runs import delete_old_runs
from orchestration.configuration.settings import Settings
from orchestration.dagster_local.dagster_home import dagster_instance
from orchestration.dagster_local.in_process import IN_PROCESS, alive

MOST_OLD = 5  # runs deleted by each one: where no daemon does it they still get no more


@dataclass(frozen=True)
class RecordedRun:
    """Moments are seconds since 1970, as Dagster keeps them."""

    instance: DagsterInstance
    run: DagsterRun

    def begin(self, at: float) -> None:
        self._report(Kind.PIPELINE_START, at)

    def say(self, text: str, at: float) -> None:
        """A line of the run's log."""
        data = EngineEventData()
        self._report(Kind.ENGINE_EVENT, at, message=text, event_specific_data=data)

    def tell(self, step: str, event: Event, at: float) -> None:
        happened = told(event)
        if isinstance(happened, AssetMaterialization):
            data = StepMaterializationData(happened)
            kind = Kind.ASSET_MATERIALIZATION
            self._report(kind, at, step_key=step, event_specific_data=data)
        else:
            kind = Kind.ASSET_CHECK_EVALUATION
            self._report(kind, at, step_key=step, event_specific_data=happened)

    def end(self, at: float) -> None:
        self._report(Kind.PIPELINE_SUCCESS, at)

    def cancel(self) -> None:
        self.instance.report_run_canceled(self.run, "stopped")

    def fail(self, why: str, error: Mapping[str, Any] | None = None) -> None:
        """`error`: what was raised, as `raised` tells it."""
        data = JobFailureData(error=_error(error) if error else None, failure_reason=None)
        self.instance.report_run_failed(self.run, why, data)

    def _report(self, kind: Kind, at: float, **what: Any) -> None:
        event = DagsterEvent(kind.value, self.run.job_name, **what)
        self.instance.report_dagster_event(event, self.run.run_id, timestamp=at)


@contextmanager
def recorded_run(
    settings: Settings, job: str, tags: Mapping[str, str], *, run_id: str, began: float
) -> Iterator[RecordedRun]:
    """A run under way; how it ends is the block's to say. Old runs go while there is nothing to
    tell yet."""
    with dagster_instance(settings) as instance, alive(instance, settings.folder.dagster, run_id):
        marked = {**tags, IN_PROCESS: "true"}
        run = DagsterRun(job_name=job, run_id=run_id, tags=marked, status=Status.STARTED)
        recorded = RecordedRun(instance, instance.add_run(run))
        recorded.begin(began)
        delete_old_runs(settings, instance, now=now(), most=MOST_OLD)
        yield recorded


def _error(raised: Mapping[str, Any]) -> SerializableErrorInfo:
    chained = {name: _error(raised[name]) for name in ("cause", "context") if raised[name]}
    return SerializableErrorInfo(**{**raised, **chained})
