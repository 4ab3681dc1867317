"""Dagster's storage in a real PostgreSQL, as docs/operations.md sets it up."""

import re
from pathlib import Path

import pytest
from dagster import AssetKey, AssetMaterialization, DagsterInstance, DagsterRunStatus, job, op
from pipeline import Pipeline

from orchestration.dagster_local.dagster_home import OURS, dagster_instance, prepare_dagster_home

OPERATIONS = (Path(__file__).parents[3] / "docs" / "operations.md").read_text()
[STORAGE] = re.findall(r"```yaml\n(storage:.*?)```", OPERATIONS, re.DOTALL)


@op
def works() -> None:
    """Nothing."""


@job
def working() -> None:
    works()


def test_runs_and_events_are_in_postgres_for_every_process(
    pipeline: Pipeline, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    driven = postgres_url.replace("postgresql:", "postgresql+psycopg2:", 1)
    monkeypatch.setenv("DAGSTER_POSTGRES_URL", driven)
    home = prepare_dagster_home(pipeline.settings.folder.dagster)
    config = home / "dagster.yaml"
    ours, _, _ = config.read_text().removeprefix(OURS).partition("event_log_storage:")
    config.write_text(ours + STORAGE)
    with dagster_instance(pipeline.settings) as instance:
        assert working.execute_in_process(instance=instance).success
        instance.report_runless_asset_event(AssetMaterialization(asset_key="account_store"))
    assert not list(home.glob("history/**/*.db")), "nothing is left in SQLite"
    with DagsterInstance.from_config(str(home)) as other:
        [run] = other.get_runs()
        assert (run.job_name, run.status) == ("working", DagsterRunStatus.SUCCESS)
        assert other.get_latest_materialization_event(AssetKey("account_store"))
        assert other.all_logs(run.run_id)
