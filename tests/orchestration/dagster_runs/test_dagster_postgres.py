"""Dagster's storage in a real PostgreSQL, as DAGSTER_POSTGRES_URL sets it up."""

from pathlib import Path

import pytest
from command_line import run
from dagster import AssetKey, AssetMaterialization, DagsterInstance, DagsterRunStatus, job, op
from pipeline import Pipeline

from orchestration.dagster_local.dagster_home import dagster_instance
from orchestration.dagster_local.last_run import ended_runs


@op
def works() -> None:
    """Nothing."""


@job
def working() -> None:
    works()


def test_runs_and_events_are_in_postgres_for_every_process(
    pipeline: Pipeline, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAGSTER_POSTGRES_URL", postgres_url)
    home = pipeline.settings.folder.dagster
    with dagster_instance(pipeline.settings) as instance:
        assert working.execute_in_process(instance=instance).success
        instance.report_runless_asset_event(AssetMaterialization(asset_key="account_store"))
    [ended] = ended_runs(home, postgres_url)
    assert (ended.job, ended.ok) == ("working", True)
    assert not ended_runs(home, "postgresql://nobody@127.0.0.1:9/none"), "not known"
    assert not list(home.glob("history/**/*.db")), "nothing is left in SQLite"
    with DagsterInstance.from_config(str(home)) as other:
        [run] = other.get_runs()
        assert (run.job_name, run.status) == ("working", DagsterRunStatus.SUCCESS)
        assert other.get_latest_materialization_event(AssetKey("account_store"))
        assert other.all_logs(run.run_id)


def test_a_url_that_is_none_of_postgres_is_one_line(tmp_path: Path) -> None:
    finished = run("status", cwd=tmp_path, DAGSTER_POSTGRES_URL="mysql://user:hush@host/runs")
    assert finished.returncode == 2
    assert "DAGSTER_POSTGRES_URL: write postgresql://" in finished.stderr
    assert "hush" not in finished.stderr
