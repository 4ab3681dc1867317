"""The whole way of the data over HTTP, in one job: from Stripe's change to the account's row."""

import sqlite3
from datetime import timedelta

import pytest
from local_stripe import NOW
from pipeline import AS_OF, MONTHLY, Pipeline, money, subscribe, subscribed, written

from orchestration.build.transform import TransformFailed
from reverse_sync.guards import Blocked
from reverse_sync.stores.account_store import AccountStoreError
from sandbox import builders


@pytest.fixture
def business(pipeline: Pipeline) -> Pipeline:
    return subscribed(pipeline, "one", "two", "three")


@pytest.mark.long
def test_changes_reach_the_account_store_exactly_once(business: Pipeline) -> None:
    business.set(WAREHOUSE_URL=f"duckdb:///{business.folder.parent}/elsewhere.duckdb")
    store = business.stripe.store
    first = business.sync()
    assert (first["creates"], first["updates"], first["unchanged"]) == (3, 0, 0)
    account = business.account("cus_one")
    assert account["lifecycle_status"] == "subscribed"
    assert money(account["mrr"]) == 50
    assert account["traits"]["stripe.subscriptionId"] == "sub_one"

    assert business.sync()["sent"] == 0, "a second run sends nothing"

    store.delete("customer", "cus_one", now=NOW)
    store.update("customer", "cus_two", {"metadata": {"plan-x": "1", "plan_x": "2"}}, now=NOW)
    assert business.sync()["updates"] == 2
    account = business.account("cus_one")
    assert account["lifecycle_status"] == "churned"
    assert account["mrr"] is None
    traits = business.account("cus_two")["traits"]
    assert (traits["stripe.metadata.plan-x"], traits["stripe.metadata.plan_x"]) == ("1", "2")

    # F73: the key that is gone is null, once
    store.update("customer", "cus_two", {"metadata": {"plan-x": "1"}}, now=NOW + 1)
    cleared = business.sync()
    assert (cleared["traits_set"], cleared["traits_cleared"]) == (0, 1)
    assert "stripe.metadata.plan_x" not in business.account("cus_two")["traits"]
    assert business.sync()["sent"] == 0, "an explicit null is sent once"
    assert business.mart(
        "select old, new, op from sync_changelog where trait = 'stripe.metadata.plan_x'"
        " order by version desc limit 1"
    ) == [('"2"', None, "unset")]


@pytest.mark.long
def test_unknown_values_are_named_and_the_last_good_marts_stand(refreshed: Pipeline) -> None:
    before = refreshed.mart("select * from account_traits order by account_id")
    store = refreshed.stripe.store
    store.update("subscription", "sub_one", {"status": "frozen"}, now=NOW)
    store.put(builders.coupon(id="odd", percent_off=10) | {"duration": "sometimes"}, now=NOW)
    fortnightly = {"recurring": MONTHLY["recurring"] | {"interval": "fortnight"}}
    store.put(builders.price(id="price_odd", unit_amount=1) | fortnightly, now=NOW)
    subscribe(refreshed, "four")
    with pytest.raises(TransformFailed) as raised:
        refreshed.refresh()
    named = str(raised.value).splitlines()
    assert named[0].startswith("coupon odd: duration 'sometimes' is not known")
    assert named[1].startswith("price price_odd: recurring.interval 'fortnight' is not known")
    assert named[2].startswith("subscription sub_one: status 'frozen' is not known")
    assert named[3:] == ["nothing was published; the last good marts stand"]
    assert refreshed.mart("select * from account_traits order by account_id") == before


def test_nothing_changed_nothing_done(refreshed: Pipeline) -> None:
    refreshed.refresh()  # its account store is a copy at another address: that is a delivery
    published = written(refreshed.settings.marts)
    run = refreshed.run_job()
    assert run.get_asset_materialization_events() == []
    assert run.get_asset_check_evaluations() == []
    assert written(refreshed.settings.marts) == published, "no build, no publication"
    assert refreshed.refresh(as_of=AS_OF + timedelta(days=400))["selected"] == 3, (
        "time alone passed"
    )
    refreshed.set(MRR_PAUSE_COLLECTION="zero")
    assert refreshed.refresh(as_of=AS_OF + timedelta(days=400))["selected"] == 3, (
        "a setting changed"
    )


def test_a_store_that_failed_or_was_emptied_is_noticed_although_nothing_changed(
    business: Pipeline,
) -> None:
    business.set(ACCOUNT_STORE_URL=f"sqlite:///{business.folder}/no/such/folder/accounts.db")
    with pytest.raises(AccountStoreError):
        business.refresh()
    business.set(ACCOUNT_STORE_URL="")
    assert business.refresh()["creates"] == 3
    assert business.refresh() == {}
    with sqlite3.connect(business.folder / "accounts.db") as store:
        store.execute("delete from accounts")
    with pytest.raises(Blocked, match=r"store_behind: .* 'stripe-traits reconcile --store'"):
        business.refresh()
