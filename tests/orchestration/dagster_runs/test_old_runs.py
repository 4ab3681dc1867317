"""What Dagster keeps for how long: runs with their files, ticks, events of no run."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from dagster import (
    AssetCheckEvaluation,
    AssetCheckResult,
    AssetKey,
    AssetMaterialization,
    DagsterInstance,
    DagsterRunStatus,
    Definitions,
    ExecuteInProcessResult,
    asset,
    asset_check,
    define_asset_job,
)
from pipeline import Pipeline

from orchestration.code_location.old_runs import delete_old_runs
from orchestration.dagster_local.dagster_home import dagster_instance
from orchestration.dagster_local.old_events import delete_old_events

TODAY = datetime.now(UTC)
LEFT = ("runs", "run_tags", "event_logs", "asset_check_executions")


@asset
def numbers() -> int:
    return 1


@asset_check(asset=numbers)
def are_whole() -> AssetCheckResult:
    return AssetCheckResult(passed=True)


JOBS = [define_asset_job(name) for name in ("refresh", "nightly")]
DEFINITIONS = Definitions(assets=[numbers], asset_checks=[are_whole], jobs=JOBS)


@pytest.fixture
def instance(pipeline: Pipeline) -> Iterator[DagsterInstance]:
    with dagster_instance(pipeline.settings) as opened:
        yield opened


def ran(instance: DagsterInstance, job: str, *, days_ago: float) -> str:
    found = DEFINITIONS.resolve_job_def(job)
    with time_machine.travel(TODAY - timedelta(days=days_ago)):
        result: ExecuteInProcessResult = found.execute_in_process(
            instance=instance, tags={"why": "a test"}
        )
    return result.run_id


def held(home: Path, table: str) -> int:
    """Rows of a table in whichever file of Dagster's has it."""
    found = 0
    for path in home.glob("history/**/*.db"):
        with closing(sqlite3.connect(path)) as database:
            if database.execute("select 1 from sqlite_master where name = ?", [table]).fetchone():
                found += database.execute(f"select count(*) from {table}").fetchone()[0]
    return found


def test_old_runs_go_with_all_that_was_kept_of_them(
    pipeline: Pipeline, instance: DagsterInstance
) -> None:
    home = pipeline.settings.folder.dagster
    kept = ran(instance, "refresh", days_ago=29)
    before = {table: held(home, table) for table in LEFT}
    old = [ran(instance, "refresh", days_ago=days) for days in (33, 32, 31)]
    files = {path.stem for path in home.glob("history/runs/*.db")}
    assert {*old, kept} <= files
    # What began first was written last here: the newest run of the job is that of 31 days ago.
    assert delete_old_runs(pipeline.settings, instance, now=TODAY, most=1) == 1
    assert delete_old_runs(pipeline.settings, instance, now=TODAY) == 1
    assert delete_old_runs(pipeline.settings, instance, now=TODAY) == 0
    assert {run.run_id for run in instance.get_runs()} == {kept, old[2]}
    files = {path.stem for path in home.glob("history/runs/*.db")}
    assert files & {*old, kept} == {kept, old[2]}
    assert {table: held(home, table) for table in LEFT} == {
        table: 2 * rows for table, rows in before.items()
    }


def test_the_last_run_of_each_job_stays_and_so_does_one_under_way(
    pipeline: Pipeline, instance: DagsterInstance
) -> None:
    nightly = ran(instance, "nightly", days_ago=50)
    refresh = ran(instance, "refresh", days_ago=40)
    with time_machine.travel(TODAY - timedelta(days=60)):
        started = instance.create_run_for_job(
            DEFINITIONS.resolve_job_def("refresh"), status=DagsterRunStatus.STARTED
        ).run_id
    assert delete_old_runs(pipeline.settings, instance, now=TODAY) == 0
    assert {run.run_id for run in instance.get_runs()} == {nightly, refresh, started}


def test_events_of_no_run_go_after_two_days_and_the_newest_of_each_stays(
    pipeline: Pipeline, instance: DagsterInstance
) -> None:
    key = AssetKey("numbers")
    for days in (5, 4, 3):
        with time_machine.travel(TODAY - timedelta(days=days)):
            instance.report_runless_asset_event(AssetMaterialization(key))
            instance.report_runless_asset_event(
                AssetCheckEvaluation(asset_key=key, check_name="are_whole", passed=True)
            )
    assert delete_old_events(instance, now=TODAY) >= 4
    assert delete_old_events(instance, now=TODAY) == 0
    records = instance.fetch_materializations(key, limit=10).records
    assert len(records) == 1
    assert held(pipeline.settings.folder.dagster, "asset_check_executions") == 1
