"""What must be true beside dbt's tests: what each check says of data that it must not let pass."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from dagster import (
    DagsterEvent,
    DagsterInstance,
    DagsterRunStatus,
    ExecuteInProcessResult,
    RunRequest,
    ScheduleDefinition,
    SensorDefinition,
    SkipReason,
    build_schedule_context,
    build_sensor_context,
)
from local_stripe import NOW
from pipeline import MONTHLY, Pipeline, subscribe
from webhook_receiver import event

from ingestion.inbox.events_db import Inbox
from orchestration.code_location import sensors
from orchestration.code_location.schedules import schedules
from orchestration.configuration.named_files import ScheduleSettings
from orchestration.dagster_local.dagster_home import dagster_instance
from orchestration.dagster_local.demo_world import SETTINGS, demo_folder, demo_settings
from orchestration.monitoring import checks
from orchestration.pages.asset_metadata.previews import PREVIEWS, shown
from orchestration.publication.delivery_due import last_delivery
from orchestration.stages.build import table_rows
from orchestration.stages.delivery import MartsRefused
from sandbox import builders

pytestmark = pytest.mark.long


@pytest.fixture
def business(pipeline: Pipeline) -> Pipeline:
    pipeline.stripe.store.put(builders.product(id="prod_test", name="Product"))
    pipeline.stripe.store.put(MONTHLY)
    subscribe(pipeline, "one", account_id="a-1")
    subscribe(pipeline, "stray")
    return pipeline


def test_refresh_tells_verdicts_and_shows_what_was_made(business: Pipeline) -> None:
    business.set(ACCOUNT_ID_METADATA_KEY="account_id")
    run = business.run_job(full=True)
    found = {one.check_name: one for one in run.get_asset_check_evaluations()}
    assert found["accounts_conserve"].passed
    assert found["counts_conserve"].passed
    assert not found["accounts_are_linked"].passed, "a half of the customers is not linked"
    metadata = found["accounts_are_linked"].metadata
    assert metadata["unlinked_share"].value == 0.5
    for mart in PREVIEWS:
        assert "cus_" not in json.dumps(shown(business.settings.marts, mart))
    made = {
        one.step_materialization_data.materialization.asset_key.to_user_string(): (
            one.step_materialization_data.materialization.metadata
        )
        for one in run.get_asset_materialization_events()
    }
    for is_linked in (True, False):
        line = f"| {is_linked} | active | True | 1 |"
        assert line in str(made["marts/subscriptions"]["preview"].value)
    assert made["stripe/customers"]["rows_per_second"].value > 0
    assert made["account_store"]["seconds"].value > 0
    for name in ("stripe/customers", "intermediate/int_customers_linked", "marts/subscriptions"):
        assert made[name]["dagster/row_count"].value == 2, name
    for name in ("marts/mrr_by_month", "marts/mrr_movements_by_month", "account_store"):
        assert "image/png" in str(made[name]["picture"].value), name
    for name, metadata in made.items():
        assert metadata["seconds"].value >= 0, name
    assert made["marts/account_traits"]["build"].value == "all: the first build"
    assert made["marts/account_traits"]["built_by"].value.startswith(("dbt: ", "the text"))
    shows_as_much_of_a_command(business, run)
    sensors_ask_where_work_waits_and_say_why_not(business)
    finds_what_is_wrong(business)


def shows_as_much_of_a_command(business: Pipeline, run: ExecuteInProcessResult) -> None:
    """The stages in a command are in the order of the job's steps, and have the same events."""
    business.sync(full=True)
    with dagster_instance(business.settings) as instance:
        [recorded] = instance.get_runs(limit=1)
        log = instance.all_logs(recorded.run_id)
    assert (recorded.job_name, recorded.status) == ("refresh", DagsterRunStatus.SUCCESS)
    command = shown_in([one.dagster_event for one in log if one.dagster_event])
    job = shown_in(run.all_events)
    assert command.keys() == job.keys()
    for what, (kept, _) in job.items():
        assert command[what][0] == kept, what
    step = {what: at for what, (_, at) in command.items()}
    for earlier, later in (
        ("stripe/customers", "marts/accounts"),
        ("marts/accounts", "account_store"),
    ):
        assert step[earlier, ""] < step[later, ""]


def shown_in(events: Sequence[DagsterEvent]) -> dict[tuple[str, str], tuple[set[str], int]]:
    """Of each asset and check the names of its metadata, and its place among the events."""
    shown = {}
    for place, one in enumerate(events):
        if one.is_step_materialization:
            made = one.step_materialization_data.materialization
            shown[made.asset_key.to_user_string(), ""] = (named(made.metadata), place)
        elif one.event_type_value == "ASSET_CHECK_EVALUATION":
            check = one.asset_check_evaluation_data
            shown[check.asset_key.to_user_string(), check.check_name] = (
                named(check.metadata),
                place,
            )
    return shown


def test_rows_are_counted_after_some_were_replaced() -> None:
    with duckdb.connect() as database:
        database.execute("create schema stripe")
        database.execute("create table stripe.customers as from range(100_000) row (id)")
        database.execute("create view stripe.others as from stripe.customers")
        database.execute("delete from stripe.customers where id < 30_000")
        database.execute("insert into stripe.customers from range(10)")
        assert table_rows(database) == {("stripe", "customers"): 70_010}


def named(metadata: Mapping[str, object]) -> set[str]:
    """Without what only a delivery has that sends something."""
    return {name for name in metadata if not name.startswith(("latency", "version"))}


def sensors_ask_where_work_waits_and_say_why_not(business: Pipeline) -> None:
    """As the daemon asks them."""
    settings, now = business.settings, datetime.now(UTC)
    last, later = last_delivery(settings), now + timedelta(hours=1)
    assert last is not None
    assert (last.due, last.retry_at) == (None, None)
    with dagster_instance(settings) as instance:
        asked = "refresh: time to poll Stripe's events"
        assert said_at(schedules(ScheduleSettings())[1], instance, now) == asked
        assert "LIVE is not set" in said(sensors.live_stays_up, instance)
        business.set(LIVE="true")
        assert said(sensors.live_stays_up, instance) == "live_refresh: live_refresh has to stay up"
        assert said(sensors.inbox_waits, instance) == "the inbox is empty"
        with Inbox.open(settings.data_dir / "events.db") as inbox:
            inbox.append("acct_1", [event(created=NOW)], received_at=now.replace(tzinfo=None))
        assert said(sensors.inbox_waits, instance) == "refresh: 1 object in the inbox"
        assert "no account waits" in said(sensors.retries_are_due, instance)

        business.note_delivery(build=last.build, waits_until=later)
        assert "the next attempt is due at" in said(sensors.retries_are_due, instance)
        business.note_delivery(build=last.build, waits_until=now)
        asked = "reverse_sync: accounts are due for another attempt"
        assert said(sensors.retries_are_due, instance) == asked
        assert "brought to the last build" in said(sensors.marts_are_newer, instance)

        business.note_delivery(build="older", waits_until=now)
        assert "no account waits" in said(sensors.retries_are_due, instance)
        asked = "reverse_sync: the marts are newer than the account store"
        assert said(sensors.marts_are_newer, instance) == asked
        business.note_delivery(build=None, waits_until=None)
        assert "it is not known" in said(sensors.marts_are_newer, instance)


def said(sensor: SensorDefinition, instance: DagsterInstance) -> str:
    """The job that it asks for, and why; or why it does not."""
    return told(sensor(build_sensor_context(instance)))


def said_at(schedule: ScheduleDefinition, instance: DagsterInstance, now: datetime) -> str:
    context = build_schedule_context(instance, scheduled_execution_time=now)
    found = schedule.evaluate_tick(context)
    if found.skip_message:
        return found.skip_message
    [asked] = found.run_requests or ()
    return told(asked)


def told(answer: object) -> str:
    if isinstance(answer, SkipReason):
        return str(answer.skip_message)
    assert isinstance(answer, RunRequest)
    assert answer.run_key
    return f"{answer.job_name}: {answer.tags['stripe_traits/why']}"


def finds_what_is_wrong(business: Pipeline) -> None:
    settings = business.settings
    with duckdb.connect(str(settings.marts)) as database:
        database.execute("delete from account_traits")
        database.execute("update sync_runs set acknowledged = acknowledged - 1")
        database.execute(
            "insert into sync_drift values ('a-1', 'changed', 'x', '1', '2', now(), 'run')"
        )
    counts = {"listed": 3, "absent": 1, "differing": 0, "gone": 0}
    with Inbox.open(settings.data_dir / "events.db") as inbox:
        inbox.keep_compared("acct_1", {"customers": counts})
    wrong = (checks.accounts_are_linked, checks.accounts_conserve, checks.counts_conserve)
    assert {check(settings).verdict for check in wrong} == {"fail"}
    assert checks.no_drift(settings).verdict == "warn"
    assert checks.agrees_with_stripe(settings, "customers").verdict == "warn"
    assert checks.agrees_with_stripe(settings, "invoices").verdict == "pass"


def test_where_nothing_is_configured_everything_waits_with_one_reason(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    pipeline.environment.delenv("STRIPE_API_BASE")
    pipeline.environment.chdir(tmp_path)
    now = datetime.now(UTC)
    with DagsterInstance.ephemeral() as instance:
        waiting = [
            *(said_at(one, instance, now) for one in schedules(ScheduleSettings())),
            said(sensors.inbox_waits, instance),
            said(sensors.marts_are_newer, instance),
            said(sensors.retries_are_due, instance),
            said(sensors.live_stays_up, instance),
        ]
        assert said(sensors.health, instance).startswith("0 problems")
    [reason] = set(waiting)
    assert reason.startswith("nothing is done: STRIPE_API_KEY is not set")


def test_the_demo_is_shown_where_nothing_is_configured(pipeline: Pipeline, tmp_path: Path) -> None:
    (pipeline.folder / "demo").mkdir(parents=True)
    (pipeline.folder / "demo" / SETTINGS).write_text("STRIPE_API_BASE=http://127.0.0.1:1\n")
    pipeline.set(DATA_DIR=str(pipeline.folder / "demo"))
    assert demo_folder() is None, "a local Stripe is configured"
    pipeline.environment.delenv("STRIPE_API_BASE")
    assert demo_folder() == pipeline.folder / "demo"
    assert demo_settings(pipeline.folder / "demo") == {
        "STRIPE_API_BASE": "http://127.0.0.1:1",
        "DATA_DIR": str(pipeline.folder / "demo"),
    }
    pipeline.set(DATA_DIR=str(pipeline.folder))
    assert demo_folder() is None, "no demo there"


def test_wrong_key_of_the_account_id_stops_before_the_account_store(business: Pipeline) -> None:
    business.set(ACCOUNT_ID_METADATA_KEY="acount_id")
    with pytest.raises(Exception, match="accounts_are_linked"):
        business.run_job()
    assert not (business.folder / "accounts.db").exists()
    with pytest.raises(MartsRefused, match="accounts_are_linked: no customer is linked"):
        business.sync()
    assert not (business.folder / "accounts.db").exists()
