"""Dagster's page right after the demo, with nothing configured: the daemon works, nothing is red.

Enters: `data/demo` as `make demo` leaves it. Leaves: exit code 1 and what is red, if anything. The
poll comes each minute, so that some come in the minutes that this takes; nothing else is set.
"""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from command_line import environment
from dagster import DagsterInstance, DagsterRun, DagsterRunStatus
from dagster._core.scheduler.instigation import TickStatus
from systemd_unit import answers, free_port

from orchestration.configuration.settings import Settings
from orchestration.dagster_local.dagster_home import prepare_dagster_home
from orchestration.dagster_local.demo_world import FOLDER

POLLS, PATIENCE = 2, 600  # runs, seconds
RED = {DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED}


def main() -> int:
    home = str(prepare_dagster_home(Settings(data_dir=FOLDER)))
    with page(), DagsterInstance.from_config(home) as instance:
        before = len(instance.get_runs())
        polled(instance, before)
        found = [*red_runs(instance), *red_ticks(instance), *red_checks(instance)]
    for line in found:
        sys.stderr.write(f"{line}\n")
    sys.stdout.write(f"{POLLS} polls after the demo, {len(found)} red\n")
    return bool(found)


@contextmanager
def page() -> Iterator[None]:
    """As `make ui` opens it."""
    port = free_port()
    command = [sys.executable, "-m", "orchestration.dagster_local.ui", "-p", port]
    process = subprocess.Popen(command, env=environment(REFRESH_SCHEDULE="* * * * *"))
    try:
        ended = time.monotonic() + PATIENCE
        while not answers(f"http://127.0.0.1:{port}/server_info"):
            if process.poll() is not None or time.monotonic() > ended:
                raise SystemExit("the page does not answer")
            time.sleep(1)
        yield
    finally:
        process.terminate()
        process.wait(timeout=60)


def polled(instance: DagsterInstance, before: int) -> None:
    ended = time.monotonic() + PATIENCE
    while time.monotonic() < ended:
        runs: list[DagsterRun] = list(instance.get_runs())
        over = sum(run.status in {*RED, DagsterRunStatus.SUCCESS} for run in runs)
        if over >= before + POLLS:
            return
        time.sleep(2)
    raise SystemExit("the schedule has not polled")


def red_runs(instance: DagsterInstance) -> Iterator[str]:
    for run in instance.get_runs():
        if run.status in RED:
            yield f"run of {run.job_name}: {run.status.value}"


def red_ticks(instance: DagsterInstance) -> Iterator[str]:
    for state in instance.all_instigator_state():
        ticks = instance.get_ticks(state.instigator_origin_id, state.selector_id)
        for tick in ticks:
            if tick.status == TickStatus.FAILURE:
                yield f"{state.instigator_name}: {tick.error}"


def red_checks(instance: DagsterInstance) -> Iterator[str]:
    for run in instance.get_runs():
        for record in instance.all_logs(run.run_id):
            event = record.dagster_event
            if event and event.event_type_value == "ASSET_CHECK_EVALUATION":
                found = event.asset_check_evaluation_data
                if not found.passed:
                    yield f"{found.asset_key.to_user_string()}: {found.check_name}"


if __name__ == "__main__":
    sys.exit(main())
