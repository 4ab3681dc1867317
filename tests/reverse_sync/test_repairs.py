"""What is done when something went wrong: retries, dead letters, undo, resync, reconcile."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from reverse_sync_world import AS_OF, World

from reverse_sync.deliver import chunks
from reverse_sync.deliver.dead_letters import Letters, release
from reverse_sync.deliver.remember import MAX_ATTEMPTS
from reverse_sync.diff.candidates import UnknownAccount
from reverse_sync.guards import Guards, parse_limit
from reverse_sync.repair import operations, undo
from reverse_sync.repair.undo import UnknownRun
from reverse_sync.state.run import Scope
from reverse_sync.state.waits import LONGEST_WAIT, wait_after
from reverse_sync.stores.account_store import AccountWrite, NotNow, Receipt, Refusal
from reverse_sync.stores.sqlite_store import SqliteStore

MRR = "stripe.mrr"
STATUS = "stripe.currentSubscriptionStatus"
ACTIVE: dict[str, Any] = {
    MRR: 50,
    STATUS: "active",
    "stripe.currentPeriodEnd": "2025-07-01T00:00:00Z",
    "stripe.email": "a",
}
ENDED = {**ACTIVE, MRR: None, STATUS: "canceled", "stripe.canceledAt": "2025-06-16T00:00:00Z"}
MINUTE = timedelta(minutes=1)


@dataclass
class Moods:
    """How a real store answers from now on: some accounts refused, or no more requests."""

    refused: dict[str, Refusal] = field(default_factory=dict)
    allowed: int | None = None
    taken: list[str] = field(default_factory=list)


@pytest.fixture
def moods(monkeypatch: pytest.MonkeyPatch) -> Moods:
    found, write = Moods(), SqliteStore.write

    def moody(store: SqliteStore, writes: Sequence[AccountWrite]) -> Receipt:
        going = [one for one in writes if one.account_id not in found.refused]
        going = going if found.allowed is None else going[: found.allowed]
        done = write(store, going) if going else Receipt()
        found.taken += [one.account_id for one in going]
        names = [one.account_id for one in writes]
        refused = {name: why for name, why in found.refused.items() if name in names}
        if found.allowed is None:
            return Receipt(done.accepted, done.newer, refused=refused)
        found.allowed -= len(going)
        stopped = NotNow("the limit is reached", seconds=60) if len(going) < len(names) else None
        return Receipt(done.accepted, done.newer, stopped=stopped)

    monkeypatch.setattr(SqliteStore, "write", moody)
    return found


def test_a_failed_change_waits_longer_each_time_and_then_lies_in_the_dead_letters(
    local: World, moods: Moods
) -> None:
    moods.refused["a"] = Refusal(reason="busy", code="503", permanent=False)
    local.publish({"a": ACTIVE, "b": ACTIVE})
    now, waits = AS_OF, []
    first = local.sync(now=now)
    assert (first.acknowledged, first.rejected, first.pending) == (1, 0, 1)
    for _ in range(MAX_ATTEMPTS - 1):
        (due,) = local.state(
            "select next_attempt_at - timestamp '2025-06-15' from sync.outbox"
            " where account_id = 'a' and status = 'pending'"
        )
        waits.append(due[0] - (now - AS_OF))
        early = local.sync(now=AS_OF + due[0] - timedelta(seconds=1))
        assert (early.sent, early.deferred, early.unchanged) == (0, 1, 1)
        now = AS_OF + due[0]
        last = local.sync(now=now)
    assert waits == [wait_after(attempt) for attempt in range(1, MAX_ATTEMPTS)]
    assert (waits[0], max(waits)) == (MINUTE, LONGEST_WAIT)
    assert (last.rejected, last.pending) == (1, 0)
    assert local.state(
        "select account_id, code, error, attempts, resolution from sync.dead_letters"
    ) == [("a", "503", "busy", MAX_ATTEMPTS, None)]
    parked = local.sync(now=now + LONGEST_WAIT * 9)
    assert (parked.sent, parked.blocked) == (0, 1)


def test_a_permanent_refusal_is_parked_at_once_and_a_newer_change_supersedes_it(
    local: World, moods: Moods
) -> None:
    moods.refused["a"] = Refusal(reason="no such plan", code="422", body='{"plan":"?"}')
    local.publish({"a": ACTIVE, "b": ACTIVE})
    assert local.sync().rejected == 1
    assert local.state("select code, body, attempts from sync.dead_letters") == [
        ("422", '{"plan":"?"}', 1)
    ]
    assert local.sync().blocked == 1
    assert "in the dead letters: no such plan" in local.preview().skips[0].reason
    moods.refused.clear()
    local.publish({"a": {**ACTIVE, MRR: 60}, "b": ACTIVE})
    assert local.sync().acknowledged == 1
    assert local.state("select resolution from sync.dead_letters") == [("superseded",)]


@pytest.mark.parametrize(
    ("letters", "freed"),
    [
        (Letters(), ["a", "b"]),
        (Letters(account="b"), ["b"]),
        (Letters(code="422"), ["a"]),
        (Letters(since=AS_OF + MINUTE), ["b"]),
        (Letters(account="a", code="400"), []),
    ],
)
def test_retry_sends_the_letters_that_are_meant(
    local: World, moods: Moods, letters: Letters, freed: list[str]
) -> None:
    moods.refused["a"] = Refusal(reason="no", code="422")
    local.publish({"a": ACTIVE})
    local.sync()
    moods.refused["b"] = Refusal(reason="no", code="400")
    local.publish({"a": ACTIVE, "b": ACTIVE})
    local.sync(now=AS_OF + MINUTE)
    moods.refused.clear()
    with local.warehouse() as connection:
        assert release(connection, letters, at=AS_OF) == len(freed)
    result = local.sync()
    assert (result.acknowledged, result.blocked) == (len(freed), 2 - len(freed))
    assert sorted(local.traits()) == freed


def test_a_short_budget_is_spent_on_what_matters_and_a_wait_is_no_attempt(
    local: World, moods: Moods
) -> None:
    before = dict.fromkeys(("cosmetic", "ends", "grows"), ACTIVE)
    local.publish(before)
    local.sync()
    moods.taken.clear()
    moods.allowed = 2
    after = {
        "cosmetic": {**ACTIVE, "stripe.email": "b"},
        "ends": ENDED,
        "grows": {**ACTIVE, MRR: 60},
        "new": ACTIVE,
    }
    local.publish(after)
    short = local.sync()
    assert moods.taken == ["ends", "grows"]
    assert (short.sent, short.acknowledged, short.deferred, short.pending) == (2, 2, 2, 0)
    assert (short.waiting, short.why_waiting) == (2, "the limit is reached")
    assert short.waiting_until == AS_OF + MINUTE
    runs = "select status, sent, deferred, pending from sync.sync_runs where version = 2"
    assert local.state(runs) == [("done", 2, 2, 0)]
    assert local.state("select max(attempts) from sync.outbox where status = 'pending'") == [(0,)]
    moods.allowed = None
    assert local.sync().acknowledged == 2
    assert moods.taken[2:] == ["new", "cosmetic"]
    assert local.state("select count(*) from sync.sync_changelog where status = 'superseded'") == [
        (0,)
    ], "the same change planned again takes the older row's place without a word"


def rows(world: World) -> list[tuple[Any, ...]]:
    columns = "account_id, name, lifecycle_status, status_since, renewal_at, churned_at, mrr"
    return [
        (*row[:-1], json.loads(row[-1]))
        for row in world.store(f"select {columns}, cast(traits as text) from accounts order by 1")
    ]


def test_undo_puts_traits_and_lifecycle_back(world: World) -> None:
    world.publish({"a": ACTIVE, "b": ACTIVE, "c": ACTIVE})
    world.sync()
    before = rows(world)
    world.publish({"a": ENDED, "b": {**ACTIVE, "stripe.metadata.k": "v"}, "c": ACTIVE})
    world.sync(as_of=AS_OF + timedelta(days=3), run_id="wrong")
    assert rows(world) != before
    result = operations.undo_run(world.around(), world.order(kind="undo"), "wrong")
    assert (result.selected, result.sent, result.acknowledged) == (2, 2, 2)
    assert rows(world) == before
    kinds = "select kind, status from sync.sync_runs order by version"
    assert world.state(kinds)[-1] == ("undo", "done")
    assert world.sync(as_of=AS_OF + timedelta(days=4)).updates == 2, "the model still says so"


def test_undo_leaves_what_a_later_run_changed_and_empties_what_was_created(world: World) -> None:
    world.publish({"a": ACTIVE})
    world.sync()
    world.publish({"a": {**ACTIVE, MRR: 60, "stripe.email": "b"}, "new": ACTIVE})
    world.sync()
    world.publish({"a": {**ACTIVE, MRR: 70, "stripe.email": "b"}, "new": ACTIVE})
    world.sync()
    operations.undo_run(world.around(), world.order(kind="undo"), "2")
    assert world.traits()["a"] == {**ACTIVE, MRR: 70}
    assert world.traits()["new"] == {}
    assert world.account("new", "lifecycle_status", "mrr") == (None, None)


def test_undo_of_an_unknown_run_says_where_runs_are_found(local: World) -> None:
    local.publish({})
    local.sync()
    with pytest.raises(UnknownRun, match="'nine' that sent anything; the runs are in sync_runs"):
        operations.undo_run(local.around(), local.order(), "nine")


def test_resync_sends_chosen_accounts_whole_and_no_others(world: World) -> None:
    world.publish({"a": ACTIVE, "b": ACTIVE})
    world.sync()
    world.store("update accounts set traits = '{\"app.x\": 1}'")
    world.publish({"a": {**ACTIVE, "stripe.plan": None}, "b": {**ACTIVE, MRR: 60}})
    result = world.sync(kind="resync", scope=Scope(accounts=("a",), whole=True))
    assert (result.selected, result.updates, result.acknowledged) == (1, 1, 1)
    assert world.traits() == {"a": {**ACTIVE, "app.x": 1}, "b": {"app.x": 1}}
    assert world.sync(scope=Scope(whole=True)).updates == 2
    assert world.traits()["b"] == {**ACTIVE, MRR: 60, "app.x": 1}
    with pytest.raises(UnknownAccount, match="account nobody is not in account_traits"):
        world.sync(scope=Scope(accounts=("a", "nobody"), whole=True))
    assert world.sync().sent == 0


def test_a_new_baseline_sends_nothing_now_or_later(world: World) -> None:
    world.publish({"a": ACTIVE})
    world.sync()
    before = rows(world)
    world.publish({"a": {**ACTIVE, MRR: 60}, "b": ACTIVE})
    assert operations.adopt_baseline(world.around(), world.order(kind="baseline")).acknowledged == 2
    assert world.sync().sent == 0
    assert rows(world) == before
    world.publish({"a": {**ACTIVE, MRR: 70}, "b": ACTIVE})
    assert world.sync().updates == 1


def test_reconcile_finds_what_nobody_sent_and_repair_brings_it_back(world: World) -> None:
    nulls = {**ACTIVE, "stripe.plan": None, "stripe.text": 'a":null,"b', "stripe.list": [None]}
    world.publish(dict.fromkeys(("a", "b", "c", "d"), nulls))
    world.sync()
    assert world.reconcile() == (4, {})
    good = rows(world)
    edited = json.dumps({**world.traits()["a"], MRR: 1, "stripe.metadata.by": "hand"}, default=int)
    cast = "::jsonb" if world.url.startswith("postgres") else ""
    world.store(f"update accounts set traits = ?{cast} where account_id = 'a'", edited)
    world.store(
        "update accounts set lifecycle_status = 'churned', mrr = null where account_id = 'b'"
    )
    world.store("delete from accounts where account_id = 'c'")
    world.store(
        "insert into accounts (account_id, traits, version, created_at, updated_at)"
        f" values ('x', '{{}}'{cast}, 0, '2025-01-01T00:00:00Z', '2025-01-01T00:00:00Z')"
    )
    assert world.reconcile() == (4, {"changed": 2, "missing": 1, "extra": 1})
    found = "select account_id, kind, trait, acknowledged, held from sync.sync_drift order by all"
    assert world.state(found) == [
        ("a", "changed", "stripe.metadata.by", None, '"hand"'),
        ("a", "changed", MRR, "50", "1"),
        ("b", "changed", "lifecycle_status", "subscribed", "churned"),
        ("b", "changed", "mrr", "50", None),
        ("c", "missing", None, None, None),
        ("x", "extra", None, None, None),
    ]
    world.reconcile(repair=True)
    repaired = world.sync(kind="repair")
    assert (repaired.updates, repaired.creates, repaired.unchanged) == (2, 1, 1)
    assert [row for row in rows(world) if row[0] != "x"] == good
    assert world.reconcile() == (5, {"extra": 1})


def test_lost_state_comes_back_from_the_store_without_sending_everything(world: World) -> None:
    world.publish({f"a{i}": ACTIVE for i in range(6)})
    world.sync()
    (world.folder / "warehouse.duckdb").unlink()
    world.publish({f"a{i}": ACTIVE if i else {**ACTIVE, MRR: 60} for i in range(6)})
    assert world.reconcile(repair=True) == (6, {"unremembered": 6})
    by = Guards(limits={"creates": parse_limit("0"), "updates": parse_limit("1")}, baseline=1)
    result = world.sync(guards=by)
    assert (result.updates, result.unchanged) == (1, 5)
    assert world.sync().sent == 0


def test_lost_state_does_not_hide_that_a_lifecycle_has_moved(world: World) -> None:
    ended = {**ACTIVE, STATUS: "canceled", MRR: None}
    world.publish({"a": ended, "b": ended}, {key: {"ended_at": "2025-06-10"} for key in "ab"})
    world.sync()
    (world.folder / "warehouse.duckdb").unlink()
    later = {"b": {"ended_at": "2025-06-11"}, "a": {"ended_at": "2025-06-10"}}
    world.publish({"a": ended, "b": ended}, later)
    world.reconcile(repair=True)
    assert world.sync().sent == 1
    assert world.account("b", "churned_at") == ("2025-06-11T00:00:00Z",)
    assert world.sync().sent == 0
    world.publish({"a": ended, "b": ended}, {**later, "a": {"ended_at": "2025-06-12"}})
    assert world.sync().sent == 1


def test_chunks_end_where_the_budget_does(local: World, moods: Moods, monkeypatch: Any) -> None:
    monkeypatch.setattr(chunks, "BATCHES_PER_CHUNK", 2)
    local.publish({f"a{i}": ACTIVE for i in range(9)})
    moods.allowed = 5
    result = local.sync(batch_size=2)
    assert (result.acknowledged, result.deferred) == (5, 4)
    moods.allowed = None
    assert local.sync(batch_size=2).acknowledged == 4


@pytest.mark.parametrize("room", [1, 1 << 20])
def test_undo_that_was_cut_short_goes_on_in_portions(
    local: World, moods: Moods, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    """As by a full disk: what it has planned waits, and nothing of it has reached the store."""
    monkeypatch.setattr(undo, "ROOM", room)
    names = [f"a{number}" for number in range(5)]
    local.publish(dict.fromkeys(names, ACTIVE))
    local.sync()
    before = rows(local)
    local.publish({name: {**ACTIVE, MRR: 60} for name in names})
    local.sync(run_id="wrong")
    moods.allowed = 2
    short = operations.undo_run(local.around(), local.order(kind="undo"), "wrong")
    assert (short.selected, short.acknowledged) == (5, 2)
    moods.allowed = None
    rest = operations.undo_run(local.around(), local.order(kind="undo"), "wrong")
    assert (rest.selected, rest.unchanged, rest.acknowledged) == (5, 2, 3)
    assert rows(local) == before


def test_undo_of_another_run_leaves_what_an_undo_has_on_its_way(local: World, moods: Moods) -> None:
    for mrr in (50, 60, 70):
        local.publish({"a": {**ACTIVE, MRR: mrr}})
        local.sync()
    moods.allowed = 0
    operations.undo_run(local.around(), local.order(kind="undo"), "3")
    moods.allowed = None
    other = operations.undo_run(local.around(), local.order(kind="undo"), "1")
    assert (other.unchanged, other.sent) == (1, 0)
    assert operations.undo_run(local.around(), local.order(kind="undo"), "3").acknowledged == 1
    assert local.traits()["a"][MRR] == 60
