"""When a sensor asks for a run: real Dagster runs that succeed, fail, or are under way."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from dagster import (
    DagsterInstance,
    DagsterRunStatus,
    In,
    Nothing,
    OpExecutionContext,
    RunRequest,
    SkipReason,
    job,
    op,
)
from dagster._daemon.sensor import MIN_INTERVAL_LOOP_TIME

from orchestration.code_location.run_requests import ask
from orchestration.code_location.sensors import LOOK_SECONDS, WATCHED_SECONDS, inbox_waits


@op
def works() -> None:
    """Ends well."""


@op
def breaks() -> None:
    raise ValueError("broken")


@job(name="work")
def good_job() -> None:
    works()


@job(name="work")
def bad_job() -> None:
    breaks()


@op
def takes(context: OpExecutionContext) -> None:
    """Whoever asks now is told that the work is being done."""
    assert isinstance(asked(context.instance, past="takes"), SkipReason)


@op(ins={"taken": In(Nothing)})
def makes(context: OpExecutionContext) -> None:
    """Of what came since nobody has taken anything yet."""
    assert isinstance(asked(context.instance), SkipReason)
    assert isinstance(asked(context.instance, past="makes"), SkipReason)
    next_one = asked(context.instance, past="takes")
    assert isinstance(next_one, RunRequest)
    assert next_one.run_key == f"work/inbox/{context.run_id}", "one run follows, not two"
    for beside in (good_job, other_job):
        run = context.instance.create_run_for_job(beside, status=DagsterRunStatus.STARTED)
        assert isinstance(asked(context.instance, past="takes"), SkipReason), beside.name
        context.instance.delete_run(run.run_id)


@job(name="work")
def long_job() -> None:
    makes(takes())


@job(name="other")
def other_job() -> None:
    works()


@pytest.fixture
def instance() -> Iterator[DagsterInstance]:
    with DagsterInstance.ephemeral() as made:
        yield made


def asked(
    instance: DagsterInstance, *, later: float = 0, past: str | None = None
) -> RunRequest | SkipReason:
    now, others = datetime.now(UTC) + timedelta(seconds=later), ["other"]
    why = "3 objects wait"
    return ask(instance, "work", mark="inbox", why=why, now=now, others=others, past=past)


def test_work_is_asked_for_once_until_its_run_has_ended(instance: DagsterInstance) -> None:
    first, again = asked(instance), asked(instance)
    assert isinstance(first, RunRequest)
    assert isinstance(again, RunRequest)
    assert first.run_key == again.run_key, "Dagster starts one run for a key"
    good_job.execute_in_process(instance=instance)
    next_one = asked(instance)
    assert isinstance(next_one, RunRequest)
    assert next_one.run_key != first.run_key


def test_failed_run_is_asked_for_again_after_a_pause_that_doubles(
    instance: DagsterInstance,
) -> None:
    for failures, seconds in ((1, 30), (2, 60), (3, 120)):
        bad_job.execute_in_process(instance=instance, raise_on_error=False)
        early = asked(instance, later=seconds - 10)
        assert isinstance(early, SkipReason), failures
        assert "3 objects wait; the last run failed" in str(early.skip_message)
        assert isinstance(asked(instance, later=seconds + 1), RunRequest), failures
    good_job.execute_in_process(instance=instance)
    assert isinstance(asked(instance), RunRequest)


def test_no_second_run_while_one_is_under_way(instance: DagsterInstance) -> None:
    run = instance.create_run_for_job(good_job, status=DagsterRunStatus.STARTED)
    skipped = asked(instance)
    assert isinstance(skipped, SkipReason)
    assert run.run_id in str(skipped.skip_message)
    instance.delete_run(run.run_id)
    assert isinstance(asked(instance), RunRequest)


def test_run_that_has_taken_its_part_is_followed_by_one_alone(instance: DagsterInstance) -> None:
    assert long_job.execute_in_process(instance=instance).success


def test_sensor_of_the_inbox_is_there_whenever_the_daemon_comes_by() -> None:
    assert WATCHED_SECONDS + LOOK_SECONDS < MIN_INTERVAL_LOOP_TIME
    assert (inbox_waits.minimum_interval_seconds or 0) < MIN_INTERVAL_LOOP_TIME


def test_another_job_that_does_the_same_work_is_waited_for(instance: DagsterInstance) -> None:
    run = instance.create_run_for_job(other_job, status=DagsterRunStatus.STARTED)
    skipped = asked(instance)
    assert isinstance(skipped, SkipReason)
    assert f"run {run.run_id} of other" in str(skipped.skip_message)
