"""The resident refresh as a process: changes arrive, quiet cycles do nothing."""

import os
import signal
import threading
import time

import duckdb
import pytest
from dagster import AssetKey, DagsterExecutionInterruptedError, DagsterRunStatus
from live_process import PATIENCE, running, told
from local_stripe import NOW
from pipeline import AS_OF, Pipeline, subscribed, written

from orchestration.build.transform import transform
from orchestration.code_location.live_job import live_refresh
from orchestration.dagster_local.dagster_home import dagster_instance
from orchestration.live.resident import Cycle, live
from orchestration.locks import kept_open
from orchestration.monitoring.refreshed import refreshed_at
from orchestration.stages.load import load_stage
from orchestration.terminal.failures import foreseen
from orchestration.terminal.reporter import LogReporter

pytestmark = pytest.mark.long


@pytest.fixture
def business(pipeline: Pipeline) -> Pipeline:
    pipeline.set(LIVE_POLL_SECONDS="0.5")
    return subscribed(pipeline, "one")


def wait_for_refreshes(business: Pipeline, number: int) -> None:
    """Until so many more cycles have ended well."""
    ended = time.monotonic() + PATIENCE
    for _ in range(number):
        before = refreshed_at(business.settings.folder)
        while refreshed_at(business.settings.folder) == before:
            assert time.monotonic() < ended, "no cycle ended"
            time.sleep(0.05)


def test_changes_arrive_and_quiet_cycles_do_nothing(business: Pipeline) -> None:
    with running(business) as process:
        assert told(process)["sent"] == 1
        business.stripe.store.update("customer", "cus_one", {"name": "New name"}, now=NOW)
        changed = told(process)
        assert changed["sent"] == 1
        assert business.account("cus_one")["name"] == "New name"
        if changed["ahead"]:
            assert told(process)["sent"] == 0, "all marts follow"
        published = written(business.settings.marts)
        wait_for_refreshes(business, 2)
        assert written(business.settings.marts) == published, "nothing changed, nothing done"
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=PATIENCE) == 0
    with dagster_instance(business.settings) as instance:
        for key in (["stripe", "customers"], ["marts", "account_traits"], ["account_store"]):
            event = instance.get_latest_materialization_event(AssetKey(key))
            assert event is not None, key
    run_of_dagster_ends_when_its_time_is_over(business)
    run_of_dagster_that_is_stopped_on_the_page_is_canceled(business)


def run_of_dagster_ends_when_its_time_is_over(business: Pipeline) -> None:
    business.set(LIVE_RUN_MINUTES="0.1")
    business.stripe.store.update("customer", "cus_one", {"name": "Newest"}, now=NOW + 9)
    with dagster_instance(business.settings) as instance:
        assert live_refresh.execute_in_process(instance=instance).success
    assert business.account("cus_one")["name"] == "Newest"


def run_of_dagster_that_is_stopped_on_the_page_is_canceled(business: Pipeline) -> None:
    """After the cycle under way: the button notes it and sends the run's process a SIGINT."""
    before = refreshed_at(business.settings.folder)
    business.set(LIVE_RUN_MINUTES="60")
    with dagster_instance(business.settings) as instance:

        def stop() -> None:
            while refreshed_at(business.settings.folder) == before:
                time.sleep(0.05)
            instance.report_run_canceling(*instance.get_runs(limit=1))
            os.kill(os.getpid(), signal.SIGINT)

        threading.Thread(target=stop, daemon=True).start()
        with pytest.raises(DagsterExecutionInterruptedError):
            live_refresh.execute_in_process(instance=instance)
        [last] = instance.get_runs(limit=1)
    assert last.status == DagsterRunStatus.CANCELED


def test_a_build_has_its_own_limit_of_memory_after_a_load(refreshed: Pipeline) -> None:
    settings, reporter = refreshed.settings, LogReporter(lambda line: None)
    asked = "select parse_formatted_bytes(current_setting('memory_limit'))"
    refreshed.stripe.store.update("customer", "cus_one", {"name": "Ada"}, now=NOW)
    with kept_open(settings.folder, reporter), duckdb.connect(str(settings.warehouse)) as database:
        (whole,) = database.execute(asked).fetchone() or ()
        load_stage(settings, reporter, full=False)
        (loading,) = database.execute(asked).fetchone() or ()
        transform(settings, as_of=AS_OF)
        (building,) = database.execute(asked).fetchone() or ()
    assert loading <= building < whole


def test_a_loop_whose_last_cycle_failed_ends_with_its_error(refreshed: Pipeline) -> None:
    refreshed.settings.marts.write_bytes(b"no database " * 1000)
    stop, said = threading.Event(), []

    def report(cycle: Cycle) -> None:
        said.append(cycle.failure)
        stop.set()

    reporter = LogReporter(lambda line: None)
    with pytest.raises(duckdb.Error) as caught:
        live(refreshed.settings, reporter, clock=lambda: AS_OF, stop=stop, report=report)
    line, _ = foreseen(caught.value) or ("", 0)
    assert "marts.duckdb is broken" in line
    assert said == [line]
