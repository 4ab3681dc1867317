"""Which build the account store was brought to, as the run's own end notes it."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import duckdb
import pytest
from reverse_sync_world import AS_OF, World
from test_repairs import ACTIVE, MINUTE, MRR, Moods, moods

from reverse_sync.deliver.result import SyncInterrupted
from reverse_sync.guards import Blocked, Guards, parse_limit
from reverse_sync.state.delivered import owe_delivery
from reverse_sync.state.run import Scope
from reverse_sync.stores.account_store import (
    AccountStoreError,
    AccountWrite,
    Receipt,
    Refusal,
)
from reverse_sync.stores.sqlite_store import SqliteStore

__all__ = ["moods"]


def publish(world: World, build: str, accounts: dict[str, dict[str, object]]) -> None:
    world.publish(accounts)
    with duckdb.connect(str(world.marts)) as marts:
        marts.execute("create schema publication")
        marts.execute("create table publication.build (id varchar, published_at timestamp)")
        marts.execute("insert into publication.build values (?, '2025-06-15')", [build])


def delivered(world: World) -> tuple[str | None, datetime | None]:
    [found] = world.state("select delivered_build, waits_until from sync.sync_target")
    return found


def naive(moment: datetime) -> datetime:
    return moment.replace(tzinfo=None)


def test_a_run_over_all_accounts_notes_the_build_that_it_read(local: World) -> None:
    publish(local, "first", {"a": ACTIVE})
    assert local.sync().acknowledged == 1
    assert delivered(local) == ("first", None)
    publish(local, "second", {"a": ACTIVE})
    assert local.sync().sent == 0
    assert delivered(local) == ("second", None)


def test_a_run_that_sent_less_than_all_leaves_the_older_build(local: World) -> None:
    publish(local, "first", {"a": ACTIVE})
    local.sync()
    publish(local, "second", {"a": {**ACTIVE, MRR: 60}, "b": ACTIVE})
    assert local.sync(scope=Scope(accounts=("a",), whole=True)).acknowledged == 1
    assert delivered(local) == ("first", None), "nothing is known of the others"
    with pytest.raises(Blocked):
        local.sync(guards=Guards(limits={"creates": parse_limit("0")}))
    assert delivered(local) == ("first", None), "a guard has blocked"

    def die(_done: int, _total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        local.sync(on_progress=die)
    assert delivered(local) == ("first", None), "killed before it ended"
    local.sync()
    assert delivered(local) == ("second", None)


def test_chosen_accounts_bring_the_build_where_the_others_are_known(local: World) -> None:

    def chosen(follows: str) -> Scope:
        return Scope(accounts=("a",), follows=follows)

    publish(local, "first", {"a": ACTIVE, "b": ACTIVE})
    local.sync(scope=chosen("none"))
    assert local.state("select * from sync.sync_target") == [], "no store is known yet"
    local.sync()
    publish(local, "second", {"a": {**ACTIVE, MRR: 60}, "b": ACTIVE})
    assert local.sync(scope=chosen("first")).acknowledged == 1
    assert delivered(local) == ("second", None)
    publish(local, "fourth", {"a": {**ACTIVE, MRR: 65}, "b": ACTIVE})
    assert local.sync(scope=chosen("third")).acknowledged == 1
    assert delivered(local) == ("second", None), "nobody has brought the third one"
    with local.warehouse() as connection:
        owe_delivery(connection)
    publish(local, "fifth", {"a": {**ACTIVE, MRR: 70}, "b": ACTIVE})
    assert local.sync(scope=chosen("second")).acknowledged == 1
    assert delivered(local) == (None, None), "a repair that was killed had not ended"


def test_an_account_that_comes_back_is_missed_no_more(local: World) -> None:
    gone = "select gone_at is not null from sync.sync_snapshot where account_id = 'a'"
    publish(local, "first", {"a": ACTIVE, "b": ACTIVE})
    local.sync()
    publish(local, "second", {"b": ACTIVE})
    local.sync()
    assert local.state(gone) == [(True,)]
    publish(local, "third", {"a": {**ACTIVE, MRR: 60}, "b": ACTIVE})
    local.sync(scope=Scope(accounts=("a",), follows="second"))
    assert local.state(gone) == [(False,)]


def test_chosen_accounts_bring_nothing_where_one_of_them_is_kept_out(local: World) -> None:
    publish(local, "first", {"a": ACTIVE, "b": ACTIVE})
    local.sync()
    publish(local, "second", {"a": {**ACTIVE, "stripe.odd": {"a": 1}}, "b": ACTIVE})
    assert local.sync(scope=Scope(accounts=("a",), follows="first")).invalid == 1
    assert delivered(local) == ("first", None)


def test_a_run_that_lost_its_store_delivered_nothing(
    local: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(_store: SqliteStore, _writes: Sequence[AccountWrite]) -> Receipt:
        raise AccountStoreError("gone")

    monkeypatch.setattr(SqliteStore, "write", gone)
    publish(local, "first", {"a": ACTIVE})
    with pytest.raises(SyncInterrupted):
        local.sync()
    assert delivered(local) == (None, None)


def test_accounts_that_wait_are_noted_with_the_first_moment(local: World, moods: Moods) -> None:
    moods.refused["a"] = Refusal(reason="busy", code="503", permanent=False)
    publish(local, "first", {"a": ACTIVE, "b": ACTIVE})
    local.sync(now=AS_OF)
    assert delivered(local) == ("first", naive(AS_OF + MINUTE))
    publish(local, "second", {"a": ACTIVE, "b": ACTIVE})
    assert local.sync(now=AS_OF).deferred == 1
    assert delivered(local) == ("second", naive(AS_OF + MINUTE)), "nothing sent, and still waiting"
    publish(local, "third", {"b": ACTIVE})
    local.sync(now=AS_OF + timedelta(hours=1))
    assert delivered(local) == ("third", None), "an account that left waits for no moment"


def test_a_budget_that_was_spent_is_due_again_at_once(local: World, moods: Moods) -> None:
    moods.allowed = 1
    publish(local, "first", {"a": ACTIVE, "b": ACTIVE})
    assert local.sync().deferred == 1
    assert delivered(local) == ("first", naive(AS_OF))


def test_a_repair_and_another_store_take_the_delivery_back(local: World) -> None:
    publish(local, "first", {"a": ACTIVE})
    local.sync()
    with local.warehouse() as connection:
        assert owe_delivery(connection) == "first"
    assert delivered(local) == (None, None)
    local.sync()
    local.url = f"sqlite:///{local.folder}/another.db"
    overridden = frozenset({"other_store", "store_behind"})
    local.sync(overridden=overridden, scope=Scope(accounts=("a",), whole=True))
    assert delivered(local) == ("first", None), "of the store that it was said of"


def test_a_change_waits_no_longer_where_the_clock_is_set_back(local: World, moods: Moods) -> None:
    moods.refused["a"] = Refusal(reason="busy", code="503", permanent=False)
    local.publish({"a": ACTIVE})
    assert local.sync(now=AS_OF).waiting == 1
    assert local.sync(now=AS_OF + timedelta(seconds=30)).sent == 0, "it waits"
    moods.refused.clear()
    assert local.sync(now=AS_OF - timedelta(hours=1)).acknowledged == 1
