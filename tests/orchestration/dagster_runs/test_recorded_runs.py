"""A command's run in Dagster's storage: complete when the command ends, however that is."""

import os
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from command_line import PROGRAM, environment, run
from dagster import DagsterRun, DagsterRunStatus
from local_stripe import refusing
from pipeline import Pipeline, subscribe

from orchestration.dagster_local.dagster_home import dagster_instance
from orchestration.file_lock import writer_lock

SYNC = ("sync", "--as-of", "2025-06-15")
PATIENCE = 120


def settings_of(made: Pipeline) -> dict[str, str]:
    return {"STRIPE_API_BASE": made.stripe.url, "DATA_DIR": str(made.folder)}


@contextmanager
def waits_for_the_store(made: Pipeline) -> Iterator["subprocess.Popen[str]"]:
    """A sync that has something to send, as a terminal starts it, while somebody else is sending.
    Its run is under way."""
    subscribe(made, "four")
    with writer_lock(made.settings.folder.store_lock, purpose="test"):
        command = subprocess.Popen(
            [PROGRAM, *SYNC],
            cwd=made.stripe.folder,
            env=environment(**settings_of(made)),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        line = command.stderr.readline() if command.stderr else ""
        while "waiting for the account store" not in line:
            assert line, "it did not wait"
            line = command.stderr.readline() if command.stderr else ""
        yield command


def last_run(made: Pipeline) -> DagsterRun:
    with dagster_instance(made.settings) as instance:
        return instance.get_runs(limit=1)[0]


def said_at_its_end(made: Pipeline) -> str:
    with dagster_instance(made.settings) as instance:
        [one] = instance.get_runs(limit=1)
        return "\n".join(str(entry) for entry in instance.all_logs(one.run_id))


@pytest.mark.parametrize(("stop", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stopped_command_is_a_canceled_run(
    refreshed: Pipeline, stop: signal.Signals, code: int
) -> None:
    with waits_for_the_store(refreshed) as command:
        os.killpg(command.pid, stop)
        _, said = command.communicate(timeout=PATIENCE)
    assert command.returncode == code
    assert said.splitlines() == [
        "stripe-traits: stopped; nothing is lost: the next run goes on from here"
    ]
    assert last_run(refreshed).status == DagsterRunStatus.CANCELED
    assert "account_traits" in said_at_its_end(refreshed), "what was built before it"


def test_a_killed_command_is_a_failed_run_at_once(refreshed: Pipeline) -> None:
    with waits_for_the_store(refreshed) as command:
        os.killpg(command.pid, signal.SIGKILL)
        command.wait(PATIENCE)
    ends = time.monotonic() + PATIENCE
    while last_run(refreshed).status != DagsterRunStatus.FAILURE:
        assert time.monotonic() < ends
        time.sleep(0.1)
    assert "the process ended before the run did" in said_at_its_end(refreshed)
    assert not list((refreshed.settings.folder.dagster / "in_process").iterdir())


def test_a_failed_run_tells_what_was_raised_and_no_secret(refreshed: Pipeline) -> None:
    secret = "sk_test_sandboxofasecret"
    with refusing(refreshed.stripe, lambda path: (403, {})) as stripe:
        settings = settings_of(refreshed) | {"STRIPE_API_BASE": stripe.url}
        finished = run(*SYNC, cwd=refreshed.stripe.folder, STRIPE_API_KEY=secret, **settings)
    assert finished.returncode == 1
    told = said_at_its_end(refreshed)
    assert "the refresh failed" in told
    assert "PermissionMissing" in told
    assert "Traceback" not in finished.stderr
    assert "load_stage" in told, "where it was raised"
    assert secret not in told


def test_a_storage_that_cannot_be_written_fails_the_command_and_not_its_work(
    refreshed: Pipeline,
) -> None:
    subscribe(refreshed, "four")
    path = refreshed.settings.folder.dagster / "history" / "runs.db"
    path.write_bytes(b"no database " * 1000)
    finished = run(*SYNC, cwd=refreshed.stripe.folder, **settings_of(refreshed))
    assert finished.returncode == 1
    last = finished.stderr.splitlines()[-1]
    assert last.startswith(f"stripe-traits: {path} is broken")
    assert "only Dagster's history of runs is lost" in last
    with sqlite3.connect(refreshed.folder / "accounts.db") as store:
        [(held,)] = store.execute("select count(*) from accounts where account_id = 'cus_four'")
    assert held == 1


def test_a_file_where_the_storage_should_be_is_one_line(refreshed: Pipeline) -> None:
    subscribe(refreshed, "four")
    folder = refreshed.settings.folder.dagster
    folder.rename(folder.with_name("elsewhere"))
    folder.touch()
    finished = run(*SYNC, cwd=refreshed.stripe.folder, **settings_of(refreshed))
    assert finished.returncode == 1
    assert "Traceback" not in finished.stderr
    last = finished.stderr.splitlines()[-1]
    assert last.startswith(f"stripe-traits: {folder} cannot be written (File exists): move it away")
