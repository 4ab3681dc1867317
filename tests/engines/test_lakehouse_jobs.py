"""Dagster's jobs, `live` and webhooks where the warehouse is a lakehouse."""

import json
import signal
import subprocess
import sys
from contextlib import closing

import pytest
from command_line import PROGRAM
from local_stripe import NOW
from outcome import published
from pipeline import AS_OF, Pipeline, subscribed
from webhook_receiver import event, receiving

from ingestion.engines.iceberg.rest_lake import RestLake
from orchestration.code_location.job_names import LAKE_UPKEEP, NIGHTLY, RECONCILE, REFRESH
from orchestration.code_location.live_job import live_refresh
from orchestration.dagster_local.dagster_home import dagster_instance
from tests.lakehouse.server import Lakehouse

pytestmark = pytest.mark.lakehouse
PATIENCE_SECONDS = 120


@pytest.fixture
def business(pipeline: Pipeline, tables: RestLake, house: Lakehouse) -> Pipeline:
    pipeline.set(WAREHOUSE_URL=house.url(), LIVE_POLL_SECONDS="0.5")
    return subscribed(pipeline, "one", "two")


def test_jobs_of_dagster_run_on_a_lakehouse(business: Pipeline, tables: RestLake) -> None:
    assert business.run_job(NIGHTLY, full=True).success
    assert business.account("cus_one")["name"] == "one"
    what_a_webhook_names_is_read(business)
    live_brings_a_change(business)

    kept_up = business.run_job(LAKE_UPKEEP)
    assert kept_up.success
    assert tables.whole_loads.snapshots().keys() == {business.stripe.store.account_id}
    business.stripe.store.update("customer", "cus_one", {"name": "Polled"}, now=NOW + 13)
    assert business.run_job(REFRESH).success
    assert business.account("cus_one")["name"] == "Polled"
    assert business.run_job(RECONCILE).success
    same_as_in_a_file(business)


def what_a_webhook_names_is_read(business: Pipeline) -> None:
    """A refresh by the sensor of the inbox."""
    business.stripe.store.update("customer", "cus_one", {"name": "Named"}, now=NOW)
    with receiving(business.folder, business.stripe.url) as receiver:
        told = {"data": {"object": {"id": "cus_one", "object": "customer"}}}
        assert receiver.deliver(event(**told)) == (200, "new")
        assert receiver.stop()[0] == 0
    assert business.run_job(REFRESH).success
    assert business.account("cus_one")["name"] == "Named"


def live_brings_a_change(business: Pipeline) -> None:
    """The command, and the job that the sensor keeps up."""
    command = [PROGRAM, "live", "--json"]
    live = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=sys.stderr, text=True)
    try:
        business.stripe.store.update("customer", "cus_two", {"name": "Live"}, now=NOW + 5)
        assert live.stdout
        with closing(live.stdout) as lines:
            told = json.loads(next(line for line in lines if json.loads(line)["sent"]))
            assert told["failure"] is None
            live.send_signal(signal.SIGTERM)
            assert live.wait(PATIENCE_SECONDS) == 0
    finally:
        live.kill()
        live.wait()
    assert business.account("cus_two")["name"] == "Live"
    business.set(LIVE_RUN_MINUTES="0.1")
    business.stripe.store.update("customer", "cus_two", {"name": "By Dagster"}, now=NOW + 9)
    with dagster_instance(business.settings) as instance:
        assert live_refresh.execute_in_process(instance=instance).success
    assert business.account("cus_two")["name"] == "By Dagster"


def same_as_in_a_file(business: Pipeline) -> None:
    there = published(business)
    business.set(WAREHOUSE_URL="", DATA_DIR=str(business.folder.with_name("file")))
    business.sync(as_of=AS_OF)
    here = published(business)
    assert there.keys() - here.keys() <= {"mart_comparisons"}
    assert {name: there[name] for name in here} == here
