"""A `sync` that finds nothing to do: what it asks, what it loads, and when it is not quick."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from command_line import PROGRAM, environment, run
from dagster import DagsterInstance, DagsterRunStatus
from local_stripe import refusing
from pipeline import Pipeline, subscribe

from orchestration.dagster_local.dagster_home import dagster_instance
from orchestration.dagster_local.last_run import ended_well
from orchestration.monitoring.refreshed import refreshed_at

AS_OF = ("--as-of", "2025-06-15T00:00:00Z")
ENGINES = ("dagster", "dbt", "dlt", "pyiceberg")
NOTHING = ("--help",)
IDLE = ("sync", *AS_OF)
# What a command must not wait for: what it loads and does not need.
UNNEEDED = {
    NOTHING: (*ENGINES, "duckdb", "httpx", "numpy", "psycopg", "pyarrow", "pydantic"),
    ("status",): (*ENGINES, "httpx", "numpy", "pyarrow"),
    ("explain", "cus_one"): (*ENGINES, "httpx", "numpy", "pyarrow"),
    IDLE: (*ENGINES, "numpy", "psycopg", "pyarrow"),
}


def settings_of(made: Pipeline) -> dict[str, str]:
    return {"STRIPE_API_BASE": made.stripe.url, "DATA_DIR": str(made.folder)}


def synced(made: Pipeline, **settings: str) -> "subprocess.CompletedProcess[str]":
    return run(*IDLE, cwd=made.stripe.folder, **settings_of(made) | settings)


def runs(made: Pipeline) -> list[Any]:
    """Dagster's runs, the last one first."""
    with dagster_instance(made.settings) as instance:
        return list(instance.get_runs())


def loaded(arguments: tuple[str, ...], made: Pipeline) -> set[str]:
    """The packages that the installed program imports for these arguments, by their first name."""
    finished = subprocess.run(
        [sys.executable, "-X", "importtime", PROGRAM, *arguments],
        cwd=made.stripe.folder,
        env=environment(**settings_of(made)),
        capture_output=True,
        text=True,
        check=True,
    )
    lines = [line for line in finished.stderr.splitlines() if line.startswith("import time:")]
    return {line.rpartition("|")[2].strip().split(".")[0] for line in lines}


@pytest.mark.parametrize("arguments", UNNEEDED, ids=" ".join)
def test_a_command_loads_no_package_that_it_does_not_need(
    refreshed: Pipeline, arguments: tuple[str, ...]
) -> None:
    seen = loaded(arguments, refreshed)
    assert "typer" in seen
    assert seen.isdisjoint(UNNEEDED[arguments])


def test_a_sync_that_does_something_leaves_dagster_to_the_process_that_records_it(
    refreshed: Pipeline,
) -> None:
    subscribe(refreshed, "four")
    assert synced(refreshed).returncode == 0, "dbt renders a checkout's first refresh"
    subscribe(refreshed, "five")
    seen = loaded(IDLE, refreshed)
    assert "duckdb" in seen
    assert seen.isdisjoint((*ENGINES, "sqlalchemy", "alembic"))
    assert refreshed.account("cus_five")["account_id"] == "cus_five"


def test_a_sync_that_finds_nothing_is_no_run_and_is_noted(refreshed: Pipeline) -> None:
    before, at = runs(refreshed), refreshed_at(refreshed.settings.folder)
    finished = synced(refreshed)
    assert finished.returncode == 0, finished.stderr
    assert "Stripe         nothing changed" in finished.stdout
    assert [one.run_id for one in runs(refreshed)] == [one.run_id for one in before]
    assert refreshed_at(refreshed.settings.folder) > at
    assert "nothing changed" in synced(refreshed, LOG_FORMAT="json").stderr


def test_what_changed_is_a_run_with_what_it_made(refreshed: Pipeline) -> None:
    before = len(runs(refreshed))
    subscribe(refreshed, "four")
    finished = synced(refreshed)
    assert "1 created" in finished.stdout, finished.stderr
    made = runs(refreshed)
    assert len(made) == before + 1
    assert made[0].status == DagsterRunStatus.SUCCESS
    assert refreshed.account("cus_four")["account_id"] == "cus_four"


def test_a_load_that_fails_is_a_failed_run_and_the_next_sync_clears_it(
    refreshed: Pipeline,
) -> None:
    with refusing(refreshed.stripe, lambda path: (403, {})) as stripe:
        finished = synced(refreshed, STRIPE_API_BASE=stripe.url)
    assert finished.returncode == 1
    assert runs(refreshed)[0].status == DagsterRunStatus.FAILURE
    assert not ended_well(refreshed.settings.folder.dagster, "refresh")
    assert synced(refreshed).returncode == 0
    assert runs(refreshed)[0].status == DagsterRunStatus.SUCCESS
    assert ended_well(refreshed.settings.folder.dagster, "refresh")


def test_how_the_last_run_ended_is_known_as_dagster_knows_it(refreshed: Pipeline) -> None:
    home = refreshed.settings.folder.dagster
    assert ended_well(home, "refresh")
    with dagster_instance(refreshed.settings) as instance:
        _fail(instance)
    assert not ended_well(home, "refresh")
    assert not ended_well(home, "nightly")  # none yet
    (home / "history" / "runs.db").write_bytes(b"no database at all" * 100)
    assert not ended_well(home, "refresh")
    assert not ended_well(Path("nowhere").absolute(), "refresh")


def _fail(instance: DagsterInstance) -> None:
    [last] = instance.get_runs(limit=1)
    instance.report_run_failed(last, "as if it had been killed")


def test_what_does_a_refresh_loads_no_engine_before_it_is_asked() -> None:
    """Dagster is another process's, dlt comes where there is much to merge, dbt where it builds."""
    told = "import sys, orchestration.refresh.by_stages; print(*sys.modules)"
    found = subprocess.check_output([sys.executable, "-c", told], text=True).split()
    assert not set(ENGINES) & set(found)
