"""From published traits to the account store: what is sent, what is remembered, what is left."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from reverse_sync_world import AS_OF, World

from reverse_sync.deliver.result import SyncInterrupted, SyncResult
from reverse_sync.stores.account_store import AccountStoreError

MRR = "stripe.mrr"
SINGLE: dict[str, Any] = {
    "stripe.mrr": 50.00,
    "stripe.currentSubscriptionStatus": "active",
    "stripe.planIds": ["price_1", None],
    "stripe.allMrr": None,
    "stripe.subscriptionPayingCount": None,
    "stripe.subscriptionTrialingCount": None,
    "stripe.email": "ada@example.com",
}
MULTI: dict[str, Any] = {
    **dict.fromkeys(SINGLE),
    "stripe.allMrr": 80,
    "stripe.subscriptionPayingCount": 2,
    "stripe.subscriptionTrialingCount": 0,
    "stripe.email": "ada@example.com",
}


def test_a_second_sync_sends_nothing_and_records_no_run(world: World) -> None:
    world.publish({"a": SINGLE, "b": dict.fromkeys(SINGLE)})
    first = world.sync()
    assert (first.creates, first.acknowledged, first.traits_set) == (2, 2, 4)
    second = world.sync()
    assert (second.selected, second.unchanged, second.sent, second.version) == (2, 2, 0, None)
    assert world.state("select run_id, status, pending from sync.sync_runs") == [
        ("run-1", "done", 0)
    ]
    assert world.state("select count(*) from sync.sync_changelog where version > 1") == [(0,)]


def test_an_account_of_nulls_is_created(world: World) -> None:
    world.publish({"b": dict.fromkeys(SINGLE)})
    assert world.sync().creates == 1
    assert world.traits() == {"b": {}}
    assert world.account("b", "name", "lifecycle_status", "mrr") == ("name of b", None, None)


def test_only_what_changed_goes_out_and_the_rest_of_the_account_stays(world: World) -> None:
    world.publish({"a": SINGLE, "b": SINGLE})
    world.sync()
    foreign = '{"app.seats": 7, "app.nested": {"deep": [1]}, "stripe.email": "by hand"}'
    cast = "::jsonb" if world.url.startswith("postgres") else ""
    world.store(f"update accounts set traits = ?{cast} where account_id = 'a'", foreign)
    world.publish({"a": {**SINGLE, MRR: 60.5}, "b": SINGLE})
    result = world.sync()
    assert (result.updates, result.traits_set, result.traits_cleared) == (1, 1, 0)
    assert world.traits()["a"] == {
        "app.seats": 7,
        "app.nested": {"deep": [1]},
        "stripe.email": "by hand",
        "stripe.mrr": Decimal("60.5"),
    }
    assert world.state(
        "select account_id, trait, old, new, op, status from sync.sync_changelog where version = 2"
    ) == [("a", MRR, "50", "60.5", "set", "acknowledged")]


def test_f73_a_metadata_key_that_went_is_null_exactly_once(world: World) -> None:
    both = {**SINGLE, "stripe.metadata.plan-x": "1", "stripe.metadata.plan_x": "2"}
    world.publish({"a": both})
    world.sync()
    assert {"stripe.metadata.plan-x", "stripe.metadata.plan_x"} <= world.traits()["a"].keys()
    world.publish({"a": {k: v for k, v in both.items() if k != "stripe.metadata.plan_x"}})
    assert [world.sync().traits_cleared for _ in range(3)] == [1, 0, 0]
    assert "stripe.metadata.plan_x" not in world.traits()["a"]
    assert world.traits()["a"]["stripe.metadata.plan-x"] == "1"
    assert world.state("select trait, old, new from sync.sync_changelog where op = 'unset'") == [
        ("stripe.metadata.plan_x", '"2"', None)
    ]


def test_the_same_values_in_another_text_are_nothing_to_send(world: World) -> None:
    world.publish_rows([("a", "A", '{"stripe.mrr": 50.00, "stripe.email": null}')])
    world.sync()
    world.publish_rows([("a", "A", '{"stripe.email":null,"stripe.mrr":50.000}')])
    assert world.sync().unchanged == 1
    (after_text,) = world.state("select source_md5 from sync.sync_snapshot")
    world.sync()
    assert world.state("select source_md5 from sync.sync_snapshot") == [after_text]


def test_an_absent_trait_and_an_absent_account_are_left_alone(world: World) -> None:
    world.publish({"a": SINGLE, "b": SINGLE})
    world.sync()
    world.publish({"a": {k: v for k, v in SINGLE.items() if k != MRR}})
    result = world.sync()
    assert (result.selected, result.sent) == (1, 0)
    assert world.traits()["a"][MRR] == 50
    assert world.traits()["b"][MRR] == 50


def test_a_new_name_is_brought_alone(world: World) -> None:
    world.publish_rows([("a", "Ada", SINGLE)])
    world.sync()
    world.publish_rows([("a", "Ada & Co", SINGLE)])
    result = world.sync()
    assert (result.updates, result.traits_set) == (1, 0)
    assert world.account("a", "name") == ("Ada & Co",)
    assert world.sync().sent == 0


def test_a_change_of_mode_moves_every_account_by_explicit_nulls(world: World) -> None:
    world.publish({"a": SINGLE, "b": dict.fromkeys(SINGLE)})
    world.sync()
    assert world.account("a", "lifecycle_status", "mrr") == ("subscribed", "50")
    world.publish({"a": MULTI, "b": dict.fromkeys(SINGLE)})
    result = world.sync(multiple_subscriptions=True)
    assert (result.updates, result.traits_set, result.traits_cleared) == (2, 3, 3)
    assert [change.new.aspect for change in result.overridden] == [
        "revenue",
        "churn",
        "renewal",
        "trial",
    ]
    assert world.traits()["a"].keys() == {k for k, v in MULTI.items() if v is not None}
    assert world.account("a", "lifecycle_status", "mrr") == ("subscribed", "80")
    assert world.sync(multiple_subscriptions=True).sent == 0


def test_a_date_beside_the_traits_is_brought_though_no_trait_moves(world: World) -> None:
    def publish(trial_ends_at: str) -> None:
        counts = {"stripe.subscriptionPayingCount": 0, "stripe.subscriptionTrialingCount": 1}
        world.publish({"a": counts}, {"a": {"trial_ends_at": trial_ends_at}})

    for moment in ("2025-06-20 00:00:00", "2025-06-27 12:00:00"):
        publish(moment)
        assert world.sync(multiple_subscriptions=True).acknowledged == 1
        held = world.account("a", "lifecycle_status", "trial_ends_at")
        assert held == ("trial", f"{moment.replace(' ', 'T')}Z")
        assert world.sync(multiple_subscriptions=True).sent == 0
    assert world.sync(multiple_subscriptions=False).sent == 1, "the mode has changed"


def test_an_operators_later_setting_stays_and_reaches_every_account(world: World) -> None:
    renewal = {"stripe.currentPeriodEnd": "2025-07-01T00:00:00Z"}
    mine = {"stripe.metadata.renews": "2025-12-24"}
    world.publish({"a": {**SINGLE, **renewal, **mine}, "b": {**SINGLE, **renewal}})
    world.sync()
    world.store(
        "update tracking_config set trait = 'stripe.metadata.renews', owner = 'operator'"
        " where aspect = 'renewal'"
    )
    assert world.sync().updates == 2
    assert world.account("a", "renewal_at") == ("2025-12-24T00:00:00Z",)
    assert world.account("b", "renewal_at") == (None,)
    assert world.sync().sent == 0
    (owner,) = world.store("select owner from tracking_config where aspect = 'renewal'")
    assert owner == ("operator",)


def test_an_operators_trial_on_a_trait_of_the_store_ends_by_time_alone(world: World) -> None:
    world.publish({})
    world.sync()
    world.store(
        "update tracking_config set trait = 'app.trialUntil', rule = 'end_date',"
        " owner = 'operator' where aspect = 'trial'"
    )
    cast = "::jsonb" if world.url.startswith("postgres") else ""
    world.store(
        "insert into accounts (account_id, traits, version, created_at, updated_at)"
        f" values ('a', ?{cast}, 0, '2025-01-01T00:00:00Z', '2025-01-01T00:00:00Z')",
        '{"app.trialUntil": "2025-06-20"}',
    )
    world.publish({"a": dict.fromkeys(SINGLE)})
    world.sync()
    assert world.account("a", "lifecycle_status") == ("trial",)
    assert world.sync(as_of=AS_OF + timedelta(days=4)).sent == 0
    assert world.sync(as_of=AS_OF + timedelta(days=5)).sent == 1
    assert world.account("a", "lifecycle_status", "trial_ends_at") == (
        None,
        "2025-06-20T00:00:00Z",
    )
    assert world.sync(as_of=AS_OF + timedelta(days=6)).sent == 0


def test_an_account_churns_and_returns(world: World) -> None:
    world.publish({"a": SINGLE})
    world.sync()
    canceled = {
        **SINGLE,
        "stripe.currentSubscriptionStatus": "canceled",
        "stripe.canceledAt": "2025-06-18T10:00:00Z",
        MRR: None,
    }
    world.publish({"a": canceled}, {"a": {"ended_at": "2025-06-20 10:00:00"}})
    world.sync(as_of=AS_OF + timedelta(days=7))
    columns = ("lifecycle_status", "status_since", "churned_at", "mrr", "created_at")
    at = "2025-06-20T10:00:00Z"
    assert world.account("a", *columns) == ("churned", at, at, None, "2025-06-15T00:00:00Z")
    world.publish({"a": SINGLE}, {"a": {"subscribed_since": "2025-06-23 09:00:00"}})
    world.sync(as_of=AS_OF + timedelta(days=9))
    assert world.account("a", *columns[:4]) == (
        "subscribed",
        "2025-06-23T09:00:00Z",
        None,
        "50",
    )


def test_invalid_rows_are_kept_out_with_reasons_and_counts_conserve(world: World) -> None:
    rows: list[tuple[str | None, str | None, Any]] = [
        ("good", "Good", SINGLE),
        (None, "no link", SINGLE),
        ("  ", "blank", SINGLE),
        ("x" * 256, "long", SINGLE),
        ("twice", "1", SINGLE),
        ("twice", "2", SINGLE),
        ("list", "not an object", "[]"),
        ("null", "no traits", None),
        ("nested", "a map", {"stripe.a": {"b": 1}}),
        ("foreign", "not ours", {"app.seats": 1}),
    ]
    world.publish_rows(rows)
    result = world.sync()
    assert (result.selected, result.sent, result.invalid, result.unchanged) == (10, 1, 9, 0)
    reasons = {kept.account_id: kept.reason for kept in result.invalid_accounts}
    assert "blank" in reasons[None]
    assert "2 times" in reasons["twice"]
    assert "stripe.a" in reasons["nested"]
    assert "app.seats" in reasons["foreign"]
    assert world.traits().keys() == {"good"}
    assert world.state("select count(*) from sync.sync_invalid") == [(9,)]
    again = world.sync()
    assert (again.sent, again.invalid, again.version) == (0, 9, None)
    world.publish_rows(rows[:1])
    assert world.sync().invalid == 0
    assert world.state("select count(*) from sync.sync_invalid") == [(0,)]


def test_a_tracked_value_that_cannot_be_read_keeps_its_account_out(world: World) -> None:
    accounts = {f"a{i}": SINGLE for i in range(7)}
    world.publish({**accounts, "a3": {**SINGLE, MRR: "much"}})
    result = world.sync(batch_size=3)
    assert (result.acknowledged, result.invalid, result.pending) == (6, 1, 0)
    (kept,) = result.invalid_accounts
    assert kept.account_id == "a3"
    assert "stripe.mrr is 'much'" in kept.reason
    assert world.sync().invalid == 1
    world.publish(accounts)
    assert world.sync().acknowledged == 1
    assert world.sync().sent == 0
    assert world.traits().keys() == accounts.keys()


def test_what_postgres_cannot_hold_is_kept_out(tmp_path: Path, postgres_url: str) -> None:
    world = World(tmp_path, postgres_url)
    nul = {**SINGLE, "stripe.email": "a\0b"}
    world.publish({"good": SINGLE, "value": nul, "i\0d": SINGLE, "well": SINGLE})
    result = world.sync()
    assert (result.acknowledged, result.rejected) == (2, 2)
    assert all("cannot hold" in kept.reason for kept in result.rejected_accounts)
    assert world.traits().keys() == {"good", "well"}


@pytest.mark.usefixtures("one_lane")
def test_what_the_store_holds_newer_is_not_rolled_back(world: World) -> None:
    world.publish({"a": SINGLE, "b": SINGLE})
    world.sync()

    def overtake(_done: int, _total: int) -> None:
        world.store("update accounts set version = 99, name = 'newer' where account_id = 'b'")

    world.publish({"a": {**SINGLE, MRR: 1}, "b": {**SINGLE, MRR: 1}})
    result = world.sync(batch_size=1, on_progress=overtake)
    assert (result.acknowledged, result.rejected) == (1, 1)
    assert "version 2 is not newer than the store's 99" in result.rejected_accounts[0].reason
    assert world.account("b", "name", "version") == ("newer", 99)
    later = world.sync()
    assert (later.version, later.acknowledged) == (100, 1)
    assert world.traits()["b"][MRR] == 1


def test_a_lost_warehouse_starts_above_the_stores_version(world: World) -> None:
    world.publish({"a": SINGLE})
    world.sync()
    (world.folder / "warehouse.duckdb").unlink()
    world.publish({"a": {**SINGLE, MRR: 60}})
    result = world.sync()
    assert (result.version, result.acknowledged) == (2, 1)
    assert world.traits()["a"][MRR] == 60


def test_progress_is_told_batch_by_batch(world: World) -> None:
    world.publish({f"a{i}": SINGLE for i in range(25)})
    seen: list[tuple[int, int]] = []
    world.sync(batch_size=2, on_progress=lambda *counts: seen.append(counts))
    assert seen == [(min(done, 25), 25) for done in range(2, 27, 2)]


@pytest.mark.parametrize("wrong", [{"unchanged": 3}, {"acknowledged": 2}, {"creates": 0}])
def test_counts_that_do_not_conserve_are_an_error(wrong: dict[str, int]) -> None:
    counts = dict.fromkeys(
        ("invalid", "rejected", "pending", "updates", "traits_set", "traits_cleared"), 0
    )
    right = {**counts, "selected": 5, "unchanged": 4, "sent": 1, "acknowledged": 1, "creates": 1}
    SyncResult(run_id="r", version=1, **right)
    with pytest.raises(AssertionError, match="run r"):
        SyncResult(run_id="r", version=1, **{**right, **wrong})


def test_missing_marts_are_named_and_nothing_is_sent(world: World) -> None:
    with pytest.raises(AccountStoreError, match="build and publish the marts first"):
        world.sync()


def test_a_time_without_zone_is_refused(world: World) -> None:
    world.publish({})
    with pytest.raises(ValueError, match="time zone"):
        world.sync(as_of=AS_OF.replace(tzinfo=None))


@pytest.mark.usefixtures("one_lane")
def test_a_store_that_goes_away_loses_nothing(tmp_path: Path, postgres_url: str) -> None:
    world = World(tmp_path, postgres_url)
    world.publish({f"a{i}": SINGLE for i in range(10)})

    def end_its_session(_done: int, _total: int) -> None:
        with psycopg.connect(postgres_url, autocommit=True) as connection:
            connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where datname = current_database() and pid <> pg_backend_pid()"
            )

    with pytest.raises(SyncInterrupted, match="Nothing is lost") as caught:
        world.sync(batch_size=3, on_progress=end_its_session)
    result = caught.value.result
    assert (result.sent, result.acknowledged, result.pending) == (10, 3, 7)
    assert world.state("select status, pending from sync.sync_runs") == [("failed", 7)]
    assert world.sync().acknowledged == 7
    assert world.sync().sent == 0
    assert len(world.traits()) == 10


def test_a_fact_that_moves_no_lifecycle_is_noted_and_not_sent(local: World) -> None:
    """Of who never paid the end of a subscription is told, which no lifecycle shows."""
    traits: dict[str, Any] = {"stripe.mrr": None, "stripe.currentSubscriptionStatus": None}
    local.publish({"a": traits})
    local.sync()
    for ended_at in ("2025-06-10", "2025-06-11"):
        local.publish({"a": traits}, {"a": {"ended_at": ended_at}})
        result = local.sync()
        assert (result.sent, result.unchanged) == (0, 1)
        (facts,) = local.state("select facts ->> '$.ended_at' from sync.sync_snapshot")
        assert facts[0].startswith(ended_at)
