"""The code location: loads bare, one lineage, a nightly schedule."""

import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from dagster import build_schedule_context
from pipeline import Pipeline

from orchestration.code_location.run_tags import FULL, RECONCILE
from orchestration.configuration.settings import Settings
from orchestration.definitions import defs

ROOT = Path(__file__).parents[3]
GROUPS = {
    *("pipeline", "stripe", "seeds", "staging", "history", "intermediate", "marts"),
    "account_store",
}
DAGSTER = str(Path(sys.executable).with_name("dagster"))


def bare_environment(home: Path) -> dict[str, str]:
    """Without any setting of ours, a secret, or a proxy to a network."""
    return {"PATH": os.environ["PATH"], "HOME": str(home), "DAGSTER_HOME": str(home)}


def bare(arguments: list[str], *, cwd: Path, home: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        arguments,
        cwd=cwd,
        env=bare_environment(home),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def test_workspace_loads_without_secret(tmp_path: Path) -> None:
    (tmp_path / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    command = [DAGSTER, "definitions", "validate", "-w", "workspace.yaml"]
    finished = bare(command, cwd=ROOT, home=tmp_path)
    assert finished.returncode == 0, finished.stderr
    told = finished.stdout + finished.stderr
    assert "Validation successful for code location stripe_traits" in told


def test_missing_manifest_is_one_message_with_the_command(tmp_path: Path) -> None:
    for name in ("ingestion", "orchestration", "reverse_sync", "sandbox", "transform"):
        ignored = shutil.ignore_patterns("target", "logs", "__pycache__")
        shutil.copytree(ROOT / name, tmp_path / name, ignore=ignored)
    shutil.copy(ROOT / "dbt_project.yml", tmp_path)
    command = [sys.executable, "-c", "import orchestration.definitions"]
    finished = bare(command, cwd=tmp_path, home=tmp_path)
    assert finished.returncode == 1
    assert finished.stderr.splitlines()[-1].endswith(
        "transform/target/manifest.json is missing or older than the models; run 'make setup'"
    )


def test_lineage_is_one_graph_from_stripe_to_the_account_store() -> None:
    graph = defs.resolve_asset_graph()
    keys = graph.get_all_asset_keys()
    names = {key.to_user_string() for key in keys}
    assert {"stripe/customers", "marts/account_traits", "account_store"} <= names
    reached, waiting = set(), [next(iter(keys))]
    while waiting:
        key = waiting.pop()
        if key not in reached:
            reached.add(key)
            waiting += [*graph.get(key).parent_keys, *graph.get(key).child_keys]
    assert {key.to_user_string() for key in keys - reached} == set()


def test_every_asset_says_what_it_is_and_whose() -> None:
    for spec in defs.resolve_asset_graph().asset_nodes:
        assert spec.description, spec.key
        assert spec.group_name in GROUPS, spec.key
        assert spec.owners, spec.key
        if spec.key.path[0] in {"marts", "account_store"}:
            assert spec.freshness_policy, spec.key


def test_every_asset_of_the_lineage_is_made_by_the_job_refresh() -> None:
    graph = defs.resolve_asset_graph()
    made = defs.resolve_job_def("refresh").asset_layer.executable_asset_keys
    left_out = {key.to_user_string() for key in graph.get_all_asset_keys() - set(made)}
    assert left_out == {"pipeline/run_settings"}


def test_every_landing_table_that_a_model_reads_is_an_asset() -> None:
    graph = defs.resolve_asset_graph()
    for key in graph.get_all_asset_keys():
        if key.path[0] == "stripe":
            assert graph.get(key).is_materializable, key


def test_checks_that_mean_wrong_data_stop_before_the_account_store() -> None:
    graph = defs.resolve_asset_graph()
    blocking = {
        f"{key.asset_key.to_user_string()} {key.name}"
        for key in graph.asset_check_keys
        if graph.get_check_spec(key).blocking
    }
    assert blocking >= {
        "marts/account_traits accounts_are_linked",
        "marts/account_traits accounts_conserve",
    }


def test_nightly_schedule_compares_a_part_with_stripe() -> None:
    schedule = defs.resolve_schedule_def("nightly")
    defaults = Settings.model_fields
    tags = defs.resolve_job_def(schedule.job_name).tags
    assert (tags[RECONCILE], tags[FULL]) == ("true", "true")
    assert schedule.cron_schedule == defaults["nightly_schedule"].default
    assert schedule.execution_timezone == defaults["schedule_time_zone"].default


def test_upkeep_is_for_a_lakehouse_alone(pipeline: Pipeline) -> None:
    schedule = defs.resolve_schedule_def("upkeep")
    at = datetime(2025, 6, 15, 4, tzinfo=UTC)
    assert schedule.cron_schedule == Settings.model_fields["lake_upkeep_schedule"].default
    with build_schedule_context(scheduled_execution_time=at) as context:
        [skipped] = [schedule.evaluate_tick(context).skip_message]
        assert skipped == "the warehouse has no tables in a REST catalog"
        pipeline.set(WAREHOUSE_URL="iceberg://127.0.0.1/catalog?warehouse=lake")
        [asked] = schedule.evaluate_tick(context).run_requests or []
    assert asked.run_key == at.isoformat()
