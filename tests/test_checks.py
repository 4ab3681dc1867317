"""What must be true beside dbt's tests: what each check says of data that it must not let pass."""

import json
from datetime import timedelta

import duckdb
import pytest
from pipeline import AS_OF, Pipeline
from test_refresh import MONTHLY, subscribe

from orchestration import checks, due
from orchestration.previews import PREVIEWS, shown
from orchestration.refresh import refresh
from orchestration.reporter import LogReporter
from sandbox import builders


@pytest.fixture
def business(pipeline: Pipeline) -> Pipeline:
    pipeline.stripe.store.put(builders.product(id="prod_test", name="Product"))
    pipeline.stripe.store.put(MONTHLY)
    subscribe(pipeline, "one", account_id="a-1")
    subscribe(pipeline, "stray")
    return pipeline


def test_refresh_tells_verdicts_and_shows_what_was_made(business: Pipeline) -> None:
    business.set(ACCOUNT_ID_METADATA_KEY="account_id")
    [run] = refresh(business.settings, LogReporter(lambda line: None), as_of=AS_OF)
    found = {one.check_name: one for one in run.get_asset_check_evaluations()}
    assert found["accounts_conserve"].passed
    assert found["counts_conserve"].passed
    assert not found["accounts_are_linked"].passed, "a half of the customers is not linked"
    metadata = found["accounts_are_linked"].metadata
    assert metadata["unlinked_share"].value == 0.5
    for mart in PREVIEWS:
        assert "cus_" not in json.dumps(
            {k: v.value for k, v in shown(business.settings.marts, mart).items()}
        )
    made = {
        one.step_materialization_data.materialization.asset_key.to_user_string(): (
            one.step_materialization_data.materialization.metadata
        )
        for one in run.get_asset_materialization_events()
    }
    assert "| active | True | 2 |" in str(made["marts/subscriptions"]["preview"].value)
    assert made["stripe/customers"]["rows_per_second"].value > 0
    assert made["account_store"]["seconds"].value > 0
    for name in ("stripe/customers", "intermediate/int_customers_linked", "marts/subscriptions"):
        assert made[name]["dagster/row_count"].value == 2, name
    for name in ("marts/mrr_by_month", "marts/mrr_movements_by_month", "account_store"):
        assert "image/png" in str(made[name]["picture"].value), name
    for name, metadata in made.items():
        assert metadata["seconds"].value >= 0, name
    waits_until_its_time(business)
    finds_what_is_wrong(business)


def waits_until_its_time(business: Pipeline) -> None:
    settings, until = business.settings, AS_OF + timedelta(minutes=2)
    assert (due.delivery_due(settings), due.waiting_until(settings)) == (None, None)
    due.note_delivery(settings, due.last_build(settings), waiting_until=until)
    assert due.waiting_until(settings) == until
    assert "another attempt" in (due.delivery_due(settings) or "")
    due.note_build(settings, as_of=AS_OF, build_id="newer")
    assert due.waiting_until(settings) is None
    assert "newer" in (due.delivery_due(settings) or "")


def finds_what_is_wrong(business: Pipeline) -> None:
    settings = business.settings
    with duckdb.connect(str(settings.marts)) as database:
        database.execute("delete from account_traits")
        database.execute("update sync_runs set acknowledged = acknowledged - 1")
        database.execute(
            "insert into sync_drift values ('a-1', 'changed', 'x', '1', '2', now(), 'run')"
        )
    counts = {"listed": 3, "absent": 1, "differing": 0, "gone": 0}
    due.note_comparison(settings, {"customers": counts})
    wrong = (checks.accounts_are_linked, checks.accounts_conserve, checks.counts_conserve)
    assert {check(settings).verdict for check in wrong} == {"fail"}
    assert checks.no_drift(settings).verdict == "warn"
    assert checks.agrees_with_stripe(settings, "customers").verdict == "warn"
    assert checks.agrees_with_stripe(settings, "invoices").verdict == "pass"


def test_wrong_key_of_the_account_id_stops_before_the_account_store(business: Pipeline) -> None:
    business.set(ACCOUNT_ID_METADATA_KEY="acount_id")
    with pytest.raises(Exception, match="accounts_are_linked"):
        refresh(business.settings, LogReporter(lambda line: None), as_of=AS_OF)
    assert not (business.folder / "accounts.db").exists()
