"""Code server, daemon and page as their units start them: who launches what, and how it ends."""

import json
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from dagster import DagsterInstance, DagsterRun, DagsterRunStatus, RunsFilter
from listening import Listener, listening
from local_stripe import NOW
from pipeline import Pipeline
from systemd_unit import PATIENCE, answers, command, free_port, started

from ingestion.inbox.events_db import Inbox
from orchestration.code_location.run_tags import AS_OF
from orchestration.dagster_local.dagster_home import dagster_instance
from orchestration.publication.delivery_due import delivery_due, last_delivery

pytestmark = pytest.mark.long

TIMEOUT_STOP = 60  # seconds, as the unit says
LAUNCH = """
mutation ($job: String!, $tags: [ExecutionTag!]!) {
    launchRun(executionParams: {
        selector: {
            repositoryLocationName: "stripe_traits", repositoryName: "__repository__", jobName: $job
        }
        executionMetadata: {tags: $tags}
    }) {
        __typename
    }
}
"""


@dataclass
class Deployed:
    """The units of one machine, on the data of a pipeline that has refreshed once; an account waits
    for another attempt."""

    pipeline: Pipeline
    instance: DagsterInstance
    page: str
    code: Any  # the code server's process
    log: Path
    notices: Listener

    def launch(self, job: str, **tags: str) -> None:
        """By hand, as the page does it."""
        given = [{"key": key, "value": value} for key, value in tags.items()]
        asked = {"query": LAUNCH, "variables": {"job": job, "tags": given}}
        answer = httpx.post(f"{self.page}/graphql", json=asked, timeout=60, trust_env=False).json()
        assert answer["data"]["launchRun"]["__typename"] == "LaunchRunSuccess", answer

    def ended(self, job: str) -> DagsterRun:
        """The first run of a job that a daemon launched, once it has ended."""
        self.until(lambda: any(run.is_finished for run in self.runs(job)))
        return self.runs(job)[0]

    def runs(self, job: str) -> list[DagsterRun]:
        """Not those of this test's own process."""
        found = self.instance.get_runs(RunsFilter(job_name=job))
        return [run for run in found if run.remote_job_origin]

    def said_of(self, run: DagsterRun) -> str:
        return "\n".join(one.message for one in self.instance.all_logs(run.run_id))

    def until(self, done: Callable[[], bool]) -> None:
        ended = time.monotonic() + PATIENCE
        while not done():
            assert time.monotonic() < ended, self.log.read_text()
            time.sleep(0.2)


@pytest.fixture
def deployed(refreshed: Pipeline, tmp_path: Path) -> Iterator[Deployed]:
    long_ago = datetime.now(UTC) - timedelta(minutes=1)
    last = last_delivery(refreshed.settings)
    assert last is not None
    refreshed.note_delivery(build=last.build, waits_until=long_ago)
    with ExitStack() as open_:
        notices = open_.enter_context(listening())
        settings = {
            "STRIPE_API_BASE": refreshed.stripe.url,
            "REFRESH_SCHEDULE": "0 0 1 1 *",
            "ALERT_WEBHOOK_URL": notices.url,
            "LIVE_POLL_SECONDS": "0.5",
        }
        port = free_port()
        commands = [command("code"), command("daemon"), [*command("webserver")[:-1], port]]
        code, *_ = [open_.enter_context(started(one, tmp_path, **settings)) for one in commands]
        instance = open_.enter_context(dagster_instance(refreshed.settings))
        page = f"http://127.0.0.1:{port}"
        made = Deployed(refreshed, instance, page, code, tmp_path / "log", notices)
        made.until(lambda: answers(f"{page}/server_info"))
        yield made


def test_daemon_launches_what_is_due_and_what_was_asked_for(deployed: Deployed) -> None:
    settings = deployed.pipeline.settings
    deployed.until(lambda: bool(deployed.runs("reverse_sync")))
    deployed.launch("reconcile")
    deployed.launch("initial_import", **{AS_OF: "never"})
    deployed.launch("live_refresh")

    retried = deployed.ended("reverse_sync")
    assert (retried.status, retried.tags["stripe_traits/why"]) == (
        DagsterRunStatus.SUCCESS,
        "accounts are due for another attempt",
    )
    assert delivery_due(settings) is None
    assert deployed.ended("reconcile").status == DagsterRunStatus.SUCCESS
    with Inbox.open(settings.data_dir / "events.db") as inbox:
        compared = inbox.compared("customers")
    assert compared == {"listed": 3, "absent": 0, "differing": 0, "gone": 0}

    failed = deployed.ended("initial_import")
    assert failed.status == DagsterRunStatus.FAILURE
    acted = 'Sensor "run_failed" acted on run status FAILURE'
    deployed.until(lambda: acted in deployed.said_of(failed))
    assert [one.event["key"] for one in deployed.notices.got] == ["run:initial_import"]
    live_run_ends_well_with_its_service(deployed)


def live_run_ends_well_with_its_service(deployed: Deployed) -> None:
    """As systemd stops the unit of the code server: each of its processes gets a SIGTERM."""
    deployed.pipeline.stripe.store.update("customer", "cus_one", {"name": "New"}, now=NOW + 1)
    deployed.until(lambda: deployed.pipeline.account("cus_one")["name"] == "New")
    began, below = time.monotonic(), psutil.Process(deployed.code.pid).children(recursive=True)
    for process in (*below, deployed.code):
        process.send_signal(signal.SIGTERM)
    assert deployed.code.wait(timeout=PATIENCE) == 0
    assert psutil.wait_procs(below, timeout=PATIENCE)[1] == []
    assert time.monotonic() - began < TIMEOUT_STOP
    assert deployed.ended("live_refresh").status == DagsterRunStatus.SUCCESS
    events = [json.loads(line) for line in deployed.log.read_text().splitlines()]
    assert {"reconcile", "live_refresh", "initial_import"} <= {one.get("job") for one in events}
