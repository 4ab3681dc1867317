"""What each sensor says of work that waits, and of none: as the daemon asks it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from dagster import DagsterInstance, RunRequest, SensorDefinition, SkipReason, build_sensor_context
from local_stripe import NOW
from pipeline import Pipeline
from webhook_receiver import event

from ingestion.inbox import Inbox
from orchestration import due, sensors
from orchestration.dagster_home import dagster_instance
from sandbox import builders


def said(sensor: SensorDefinition, instance: DagsterInstance) -> str:
    """Why it asks for a run, with the job's name before it, or why it does not."""
    answer = sensor(build_sensor_context(instance))
    if isinstance(answer, SkipReason):
        return str(answer.skip_message)
    assert isinstance(answer, RunRequest)
    assert answer.run_key
    return f"{answer.job_name}: {answer.tags['stripe_traits/why']}"


@pytest.fixture
def instance(pipeline: Pipeline) -> Iterator[DagsterInstance]:
    with dagster_instance(pipeline.settings) as made:
        yield made


def test_each_sensor_asks_where_work_waits_and_says_why_not(
    pipeline: Pipeline, instance: DagsterInstance
) -> None:
    assert "no inbox yet" in said(sensors.inbox_waits, instance)
    assert "LIVE is not set" in said(sensors.live_stays_up, instance)
    pipeline.set(LIVE="true")
    assert said(sensors.live_stays_up, instance) == "live_refresh: live_refresh has to stay up"
    pipeline.stripe.store.put(builders.customer(id="cus_1", created=NOW))
    pipeline.refresh()
    settings, now = pipeline.settings, datetime.now(UTC)
    assert said(sensors.inbox_waits, instance) == "the inbox is empty"
    with Inbox.open(settings.data_dir / "events.db") as inbox:
        inbox.append("acct_1", [event(1, created=NOW)], received_at=now.replace(tzinfo=None))
    assert said(sensors.inbox_waits, instance) == "refresh: 1 objects wait in the inbox"

    assert "was brought to the last build" in said(sensors.marts_are_newer, instance)
    assert "no account waits" in said(sensors.retries_are_due, instance)
    last = due.last_build(settings)
    due.note_delivery(settings, last, waiting_until=now + timedelta(hours=1))
    assert "was brought to the last build" in said(sensors.marts_are_newer, instance)
    assert "the next attempt is due at" in said(sensors.retries_are_due, instance)
    due.note_delivery(settings, last, waiting_until=now - timedelta(hours=1))
    assert said(sensors.retries_are_due, instance) == (
        "reverse_sync: accounts are due for another attempt"
    )
    due.note_build(settings, as_of=now, build_id="newer")
    assert "no account waits" in said(sensors.retries_are_due, instance)
    assert said(sensors.marts_are_newer, instance) == (
        "reverse_sync: the marts are newer than the account store"
    )
