"""A refresh that a command does itself, as a run on Dagster's page.

Enters: the job that it stands for, its tags, what its stages made. Leaves: a run with its events,
its log and how it ended, as if Dagster had run the job, whose engine takes five seconds of
processor to do so. Dagster itself is loaded here, the definitions are not.
"""

import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import uuid4

from dagster import AssetMaterialization, DagsterEvent, DagsterInstance, DagsterRun
from dagster import DagsterEventType as Kind
from dagster import DagsterRunStatus as Status
from dagster._core.events import JobFailureData, StepMaterializationData
from dagster._utils.error import serializable_error_info_from_exc_info

from orchestration.code_location.events.dbt_events import Event, told
from orchestration.code_location.old_runs import delete_old_runs
from orchestration.configuration.settings import Settings
from orchestration.dagster_local.dagster_home import dagster_instance
from orchestration.dagster_local.in_process import IN_PROCESS, alive

MOST_OLD = 5  # runs deleted after each one: where no daemon does it they still get no more


@dataclass
class RecordedRun:
    """`made`: the metadata of each asset so far, by its key."""

    instance: DagsterInstance
    run: DagsterRun
    made: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def say(self, text: str) -> None:
        """A line of the run's log."""
        self.instance.report_engine_event(text, self.run)

    def tell(self, step: str, events: Iterable[Event]) -> None:
        """Each as it comes."""
        for event in events:
            self._tell(step, event)

    def _tell(self, step: str, event: Event) -> None:
        happened = told(event)
        if isinstance(happened, AssetMaterialization):
            key = happened.asset_key.to_user_string()
            self.made[key] = {name: value.value for name, value in happened.metadata.items()}
            data = StepMaterializationData(happened)
            self._report(Kind.ASSET_MATERIALIZATION, step_key=step, event_specific_data=data)
        else:
            self._report(Kind.ASSET_CHECK_EVALUATION, step_key=step, event_specific_data=happened)

    def begin(self, at: datetime) -> None:
        self._report(Kind.PIPELINE_START, at=at)

    def end(self) -> None:
        self._report(Kind.PIPELINE_SUCCESS)

    def fail(self) -> None:
        """By the exception that is being handled."""
        error = serializable_error_info_from_exc_info(sys.exc_info())
        data = JobFailureData(error=error, failure_reason=None)
        self.instance.report_run_failed(self.run, "the refresh failed", data)

    def _report(self, kind: Kind, *, at: datetime | None = None, **told: Any) -> None:
        event = DagsterEvent(kind.value, self.run.job_name, **told)
        timestamp = at.timestamp() if at else None
        self.instance.report_dagster_event(event, self.run.run_id, timestamp=timestamp)


@contextmanager
def recorded_run(
    settings: Settings, job: str, tags: Mapping[str, str], *, began: datetime
) -> Iterator[RecordedRun]:
    """A run that ends as the block does."""
    run_id = str(uuid4())
    with dagster_instance(settings) as instance, alive(instance, settings.folder.dagster, run_id):
        marked = {**tags, IN_PROCESS: "true"}
        run = DagsterRun(job_name=job, run_id=run_id, tags=marked, status=Status.STARTED)
        recorded = RecordedRun(instance, instance.add_run(run))
        recorded.begin(began)
        try:
            yield recorded
        except KeyboardInterrupt:
            instance.report_run_canceled(recorded.run, "stopped")
            raise
        except BaseException:
            recorded.fail()
            raise
        recorded.end()
        delete_old_runs(settings, instance, now=began, most=MOST_OLD)
