"""Plan, apply and the guards: what is shown, what is sent, and what is held back."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import duckdb
import pytest
from reverse_sync_world import AS_OF, World

from orchestration.pages.plan_page import plan_lines
from orchestration.repairs import RESYNC_ALL_OVERRIDES, RESYNC_OVERRIDES
from reverse_sync.guards import GUARDS, Blocked, Guards, WrongLimit, parse_limit
from reverse_sync.plan.planning import PlanMoved
from reverse_sync.repair import operations
from reverse_sync.state.run import Scope, naive
from reverse_sync.state.store_identity import OtherStore
from reverse_sync.stores.account_store import AccountStoreError, AccountWrite
from reverse_sync.stores.target import Target
from reverse_sync.stores.url import opened
from reverse_sync.values.lifecycle import Lifecycle

MRR = "stripe.mrr"
STATUS = "stripe.currentSubscriptionStatus"
ACTIVE: dict[str, Any] = {MRR: 50, STATUS: "active", "stripe.currency": "usd", "stripe.email": "a"}
ENDED = {**ACTIVE, MRR: None, STATUS: "canceled"}


def accounts(count: int, traits: dict[str, Any] = ACTIVE) -> dict[str, dict[str, Any]]:
    return {f"a{i:03}": traits for i in range(count)}


def guards(baseline: int = 10, **limits: str) -> Guards:
    return Guards(
        limits={name: parse_limit(text) for name, text in limits.items()}, baseline=baseline
    )


@contextmanager
def blocked(world: World, guard: str, by: Guards, **options: Any) -> Iterator[list[str]]:
    """The block that a sync now runs into; nothing is sent, and the baseline stays."""
    before = world.store("select * from accounts order by 1")
    held = world.state("select * from sync.sync_snapshot order by 1")
    with pytest.raises(Blocked) as caught:
        world.sync(guards=by, **options)
    assert [trip.guard for trip in caught.value.trips] == [guard]
    assert world.store("select * from accounts order by 1") == before
    assert world.state("select * from sync.sync_snapshot order by 1") == held
    yield str(caught.value).splitlines()


def test_a_plan_shows_everything_and_leaves_nothing_behind(world: World) -> None:
    world.publish({"kept": ACTIVE, "ends": ACTIVE, "grows": ACTIVE, "gone": ACTIVE})
    world.sync()
    world.publish_rows(
        [
            ("kept", "name of kept", ACTIVE),
            ("ends", "name of ends", ENDED),
            ("grows", "name of grows", {**ACTIVE, MRR: 60.5}),
            ("new", "New", ACTIVE),
            (None, "no link", ACTIVE),
        ]
    )
    before = world.state("select * from sync.sync_runs"), world.traits()
    found = world.preview()
    assert [(row.kind, row.account_id) for row in found.rows] == [
        ("churn", "ends"),
        ("update", "grows"),
        ("create", "new"),
    ]
    assert [vars(change) for change in found.rows[1].changes] == [
        {"trait": MRR, "old": "50", "new": "60.5"}
    ]
    assert {skip.account_id: skip.reason.split(":")[0] for skip in found.skips} == {
        None: "account_id is blank",
        "gone": "left account_traits",
    }
    assert (found.plan.unchanged, found.plan.churns, found.deletes) == (1, 1, 0)
    assert (world.state("select * from sync.sync_runs"), world.traits()) == before
    assert world.state("select count(*) from sync.outbox where status = 'pending'") == [(0,)]
    assert world.preview().digest == found.digest


def test_a_mode_change_is_planned_before_a_setting_is_touched(world: World) -> None:
    world.publish({"a": ACTIVE})
    world.sync()
    settings = world.store("select * from tracking_config order by 1")
    world.publish({"a": {**dict.fromkeys(ACTIVE), "stripe.allMrr": 80}})
    assert world.preview(multiple_subscriptions=True).plan.updates == 1
    with blocked(world, "nulls", guards(nulls="3"), multiple_subscriptions=True):
        assert world.store("select * from tracking_config order by 1") == settings
    assert world.sync(multiple_subscriptions=True).traits_cleared == 4


def test_apply_sends_exactly_the_plan_or_nothing(world: World) -> None:
    world.publish({"a": ACTIVE})
    digest = world.preview().digest
    world.publish({"a": {**ACTIVE, MRR: 51}})
    with pytest.raises(PlanMoved, match=f"plan {digest} is out of date"):
        world.sync(digest=digest)
    assert world.traits() == {}
    world.publish({"a": ACTIVE})
    assert world.sync(digest=digest, as_of=AS_OF + timedelta(seconds=7)).creates == 1
    with pytest.raises(PlanMoved):
        world.sync(digest=digest)
    assert world.state("select planned, status from sync.sync_runs") == [(digest, "done")]


def test_a_first_import_passes_every_guard(local: World) -> None:
    by = guards(**dict.fromkeys(GUARDS, "1%"), baseline=1)
    local.publish(accounts(20))
    assert local.sync(guards=by).creates == 20


@pytest.mark.parametrize(
    ("guard", "limit", "after", "figure"),
    [
        ("creates", "4", accounts(25), "5 accounts to create, the limit is 4"),
        ("creates", "20%", accounts(25), "5 accounts to create (25.0% of 20 acknowledged"),
        ("updates", "50%", accounts(20, {**ACTIVE, "stripe.email": "b"}), "20 accounts to update"),
        ("deletes", "10%", accounts(17), "3 accounts that left account_traits (15.0% of 20"),
        ("churns", "3,99%", {**accounts(20), **accounts(4, ENDED)}, "4 accounts turning churned"),
        ("mrr_drop", "100", {**accounts(20), **accounts(3, ENDED)}, "150 usd MRR lost by the"),
        (
            "mrr_drop",
            "10%",
            {**accounts(20), **accounts(3, {**ACTIVE, MRR: 10})},
            "120 usd MRR lost by",
        ),
        ("creates", "0", accounts(21), "1 account to create, the limit is 0"),
        ("nulls", "1%", {**accounts(20), "a001": {**ACTIVE, "stripe.email": None}}, "1 trait to"),
    ],
)
def test_a_guard_blocks_before_anything_is_sent_and_an_override_is_for_once(
    local: World, guard: str, limit: str, after: dict[str, Any], figure: str
) -> None:
    local.publish(accounts(20))
    local.sync()
    local.publish(after)
    by = guards(**{guard: limit})
    with blocked(local, guard, by) as lines:
        (line,) = lines
        assert line.startswith(f"blocked by a guard: {guard}: {figure}")
        assert f"--override {guard}" in line
        assert ("by the trait stripe.mrr" in line) == (guard == "mrr_drop")
    result = local.sync(guards=by, overridden=frozenset({guard}))
    assert result.rejected == result.pending == 0
    runs = local.state("select status, blocked, overridden from sync.sync_runs order by version")
    assert [(run[0], run[2]) for run in runs[:2]] == [("done", None), ("blocked", None)]
    assert runs[1][1] == result.sent
    assert len(runs) == 2 or runs[2] == ("done", 0, guard)
    assert local.sync(guards=by).sent == 0


def test_the_guard_of_unknown_mrr_counts_those_that_were_known_before(local: World) -> None:
    why = {"unknown_amount": "subscription_item si_1, price"}
    by, local_accounts = guards(unknown_mrr="10%"), accounts(20)
    local.publish(local_accounts, {"a000": why})
    local.sync(guards=by)
    local.publish(local_accounts, {f"a{i:03}": why for i in range(4)})
    with blocked(local, "unknown_mrr", by) as lines:
        assert "3 accounts whose MRR is not known any more (15.0% of 20" in lines[0]
    shown = "\n".join(plan_lines(local.preview(), limit=9))
    assert "a001, mrr 50 stays: subscription_item si_1, price is not known" in shown
    assert local.sync(guards=by, overridden=frozenset({"unknown_mrr"})).acknowledged == 3
    assert local.sync(guards=by).sent == 0


def test_percentages_need_a_baseline(local: World) -> None:
    local.publish(accounts(9))
    local.sync()
    local.publish(accounts(9, ENDED))
    assert local.sync(guards=guards(churns="1%", mrr_drop="1%")).churns == 9


def test_a_guard_that_asks_for_approval_needs_a_name(local: World) -> None:
    local.publish(accounts(20))
    local.sync()
    local.publish({**accounts(20), **accounts(4, ENDED)})
    by = replace(guards(churns="3"), approval=frozenset({"churns"}))
    alone = frozenset({"churns"})
    with blocked(local, "churns", by, overridden=alone) as (line,):
        assert "4 accounts turning churned" in line
        assert "apply --plan DIGEST --override churns --approved-by NAME" in line
    shown = "\n".join(plan_lines(local.preview(guards=by), limit=1))
    assert "--override churns --approved-by NAME" in shown
    assert local.sync(guards=by, overridden=alone, approved_by="Ada").churns == 4
    kept = (
        "select approved_by, overridden from sync.sync_runs where status = 'done' order by version"
    )
    assert local.state(kept) == [(None, None), ("Ada", "churns")]


def test_a_guard_that_cannot_be_evaluated_blocks(local: World) -> None:
    local.publish(accounts(2))
    local.sync()
    local.store(
        "update tracking_config set trait = 'app.paying', owner = 'operator' where aspect = 'churn'"
    )
    with blocked(local, "churns", guards(baseline=1, churns="5%")) as (line,):
        assert "cannot be evaluated: churn tracking reads app.paying" in line


def test_an_amount_that_cannot_be_added_up_blocks(local: World) -> None:
    local.publish({"a": ACTIVE})
    local.sync()
    local.publish({"a": {**ACTIVE, MRR: 10**35}})
    with blocked(local, "mrr_drop", guards(mrr_drop="5")) as (line,):
        assert "too many digits" in line


def test_an_empty_model_sends_nothing_and_deletes_nothing(world: World) -> None:
    world.publish(accounts(3))
    world.sync()
    world.publish({})
    with blocked(world, "empty", Guards()) as (line,):
        assert "account_traits is empty, the store holds 3 accounts" in line
    assert world.sync(overridden=frozenset({"empty"})).selected == 0
    assert len(world.traits()) == 3


def test_old_marts_are_not_sent(local: World) -> None:
    local.publish(accounts(3))
    by = Guards(max_age_hours=Decimal(48))
    with pytest.raises(Blocked, match="not known when the marts were published"):
        local.sync(guards=by)
    with duckdb.connect(str(local.marts)) as marts:
        marts.execute("create schema publication")
        marts.execute(
            "create table publication.build as select $at::timestamp as published_at",
            {"at": naive(AS_OF)},
        )
    with pytest.raises(Blocked, match=r"stale: the marts are of 2025-06-15 00:00 UTC"):
        local.sync(guards=by, now=AS_OF + timedelta(hours=49))
    refreshed = replace(by, refreshed_at=AS_OF + timedelta(hours=2))
    assert local.sync(guards=refreshed, now=AS_OF + timedelta(hours=49)).creates == 3


def test_a_store_that_lost_what_it_acknowledged_blocks(world: World) -> None:
    world.publish(accounts(3))
    world.sync()
    world.store("delete from accounts")
    with pytest.raises(Blocked, match="store_behind: the store is at version 0, version 1 was"):
        world.sync()


OTHER_STORE = r"other_store: the account store is sqlite:.*other.db now, what is known is of "


def test_another_store_gets_nothing_before_it_can_get_everything(world: World) -> None:
    world.publish(accounts(3))
    world.sync(run_id="first")
    other = World(world.folder, f"sqlite:///{world.folder}/other.db", runs=world.runs)
    with opened(Target(other.url)) as store:
        late = AccountWrite(
            account_id="old",
            name=None,
            set={},
            unset=(),
            lifecycle=Lifecycle(),
            version=9,
            at=AS_OF,
        )
        store.write([late])
    with pytest.raises(Blocked, match=f"{OTHER_STORE}.*resync --all.*reconcile --store --repair"):
        other.sync()
    with pytest.raises(OtherStore, match="nothing was put back: the account store is"):
        operations.undo_run(other.around(), other.order(kind="undo"), "first")
    with pytest.raises(Blocked, match=OTHER_STORE):
        other.sync(scope=Scope(accounts=("a001",), whole=True), overridden=RESYNC_OVERRIDES)
    everything = Scope(whole=True)
    assert other.sync(scope=everything, overridden=RESYNC_ALL_OVERRIDES).acknowledged == 3
    assert {**world.traits(), "old": {}} == other.traits()
    assert other.sync().sent == 0
    with pytest.raises(Blocked, match=r"what is known is of sqlite:.*other.db"):
        world.sync()
    with pytest.raises(Blocked, match="store_behind"):
        world.sync(overridden=frozenset({"other_store"}))
    both = frozenset({"other_store", "store_behind"})
    assert world.sync(overridden=both).sent == 0, "a person says that it is the same store"
    assert world.sync(overridden=frozenset({"store_behind"})).sent == 0


def test_an_address_that_nobody_answers_is_no_other_store(local: World) -> None:
    local.publish(accounts(3))
    local.sync()
    mistyped = Target("http://127.0.0.1:9/hook", secret="the-key", folder=local.folder)
    everything = {"scope": Scope(whole=True), "overridden": RESYNC_ALL_OVERRIDES}
    with pytest.raises(AccountStoreError, match="cannot be reached"):
        local.sync(target=mistyped, **everything)
    assert local.sync().sent == 0, "what is known is of the store that it was of"


def test_another_store_is_taken_up_by_a_repair(local: World) -> None:
    local.publish(accounts(3))
    local.sync()
    local.state("update sync.outbox set status = 'parked', error = 'no' where account_id = 'a001'")
    other = World(local.folder, f"sqlite:///{local.folder}/other.db", runs=local.runs)
    assert other.reconcile() == (0, {"missing": 2})
    with pytest.raises(Blocked, match=OTHER_STORE):
        other.sync()
    assert other.reconcile(repair=True) == (0, {"missing": 3})
    assert other.sync().creates == 3
    assert other.traits() == local.traits()


def test_lost_state_blocks_where_percentages_are_watched(world: World) -> None:
    world.publish(accounts(3))
    world.sync()
    (world.folder / "warehouse.duckdb").unlink()
    for _ in range(2):  # a run that was blocked has sent nothing
        with pytest.raises(Blocked, match=r"state_lost: .*stripe-traits reconcile --store --rep"):
            world.sync(guards=guards(creates="50%"))


def test_first_delivery_that_was_killed_before_it_remembered_goes_on(world: World) -> None:
    def die(_done: int, _total: int) -> None:
        raise KeyboardInterrupt

    world.publish(accounts(3))
    with pytest.raises(KeyboardInterrupt):
        world.sync(guards=guards(creates="50%"), on_progress=die)
    assert len(world.traits()) == 3
    assert world.sync(guards=guards(creates="50%")).creates == 3


@pytest.mark.parametrize("wrong", ["", "some", "-1", "5%%", "1%,x", "nan", "inf%"])
def test_a_limit_that_cannot_be_read_is_wrong(wrong: str) -> None:
    with pytest.raises(WrongLimit, match="200,5%"):
        parse_limit(wrong)
