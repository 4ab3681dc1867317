"""`live` brings account_traits to the account store first, and all marts after it: whatever ends it
in between, nothing is lost and nothing is sent twice."""

import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from live_process import PATIENCE, running, told
from local_stripe import NOW, refusing
from pipeline import AS_OF, Pipeline, subscribe, subscribed

from ingestion.stripe_api.refusals import StripeError
from orchestration.build.transform import TransformFailed
from orchestration.file_lock import LockHeld, writer_lock
from orchestration.live.pace import Pace
from orchestration.live.resident import Cycle, live
from orchestration.locks import lease
from orchestration.pages.explain import read
from orchestration.pages.explain_lines import lines
from orchestration.publication.delivery_due import delivery_due, last_delivery
from orchestration.stages.build import transform_stage
from orchestration.stages.delivery import deliver_stage
from orchestration.stages.load import load_stage
from orchestration.terminal.reporter import LogReporter
from reverse_sync.stores.account_store import AccountStoreError

pytestmark = pytest.mark.long

MARKED = "select id = account_traits_build from publication.build"
NAMES = "select (select name from account_traits), (select name from accounts)"


def prepared(pipeline: Pipeline, account_id: str | None = None, **settings: str) -> Pipeline:
    """Refreshed twice, so that the text of a refresh is kept."""
    pipeline.set(LIVE_POLL_SECONDS="0.5", **settings)
    subscribe(subscribed(pipeline), "one", **({"account_id": account_id} if account_id else {}))
    pipeline.sync()
    rename(pipeline, "Second")
    pipeline.sync(as_of=AS_OF + timedelta(hours=1))
    return pipeline


@pytest.fixture
def business(pipeline: Pipeline) -> Pipeline:
    return prepared(pipeline)


def rename(business: Pipeline, name: str) -> None:
    business.stripe.store.update("customer", "cus_one", {"name": name}, now=NOW)


def explained(business: Pipeline) -> list[str]:
    return [*lines(read(business.settings.marts, "cus_one"))]


def left_to_send(business: Pipeline) -> int:
    """Accounts that a delivery over all of them finds."""
    reporter = LogReporter(lambda line: None)
    found = deliver_stage(business.settings, reporter, as_of=AS_OF + timedelta(hours=3), run_id="x")
    return found.sent


def is_on_its_way(business: Pipeline, at: datetime) -> bool:
    """As the sensor asks that would deliver what nobody else does."""
    last = last_delivery(business.settings)
    return last is not None and last.is_on_its_way(at)


def cycles(
    business: Pipeline,
    seen: Callable[[Cycle, threading.Event], None],
    found: list[Cycle] | None = None,
) -> list[Cycle]:
    """All that did something until `seen` stops them; in `found` where the last one raises."""
    stop, found = threading.Event(), [] if found is None else found

    def report(cycle: Cycle) -> None:
        if cycle.changed:
            found.append(cycle)
            seen(cycle, stop)

    moments = iter(AS_OF + timedelta(hours=2, seconds=number) for number in range(10_000))
    reporter = LogReporter(lambda line: None)
    live(business.settings, reporter, clock=lambda: next(moments), stop=stop, report=report)
    return found


def test_the_account_store_has_a_change_before_all_marts_have_it(business: Pipeline) -> None:
    names = []

    def seen(cycle: Cycle, stop: threading.Event) -> None:
        names.append((*business.mart(NAMES), *business.mart(MARKED)))
        said = any("follows within seconds" in line for line in explained(business))
        assert said == bool(cycle.ahead)
        assert is_on_its_way(business, cycle.began) == bool(cycle.ahead)
        assert not is_on_its_way(business, cycle.began + timedelta(minutes=2))
        if not cycle.ahead:
            stop.set()

    rename(business, "Third")
    first, second = cycles(business, seen)
    assert first.ahead
    assert first.delivered
    assert first.delivered.sent == 1
    assert business.account("cus_one")["name"] == "Third"
    assert names == [(("Third", "Second"), (False,)), (("Third", "Third"), (False,))]
    assert second.built
    assert second.delivered is None, "what the store was sent is what all marts say"
    assert delivery_due(business.settings) is None


def test_of_what_goes_ahead_those_accounts_alone_are_looked_at(pipeline: Pipeline) -> None:
    """Once all others are as the store holds them."""
    subscribe(pipeline, "two")
    business = prepared(pipeline)
    names = iter(("Fourth", "Fifth"))

    def seen(cycle: Cycle, stop: threading.Event) -> None:
        if cycle.ahead and (name := next(names, None)):
            rename(business, name)
        elif not cycle.ahead:
            stop.set()

    rename(business, "Third")
    found = cycles(business, seen)
    assert [bool(cycle.ahead) for cycle in found] == [True, True, True, False]
    assert [one.delivered and one.delivered.selected for one in found] == [2, 1, 1, None]
    assert business.account("cus_one")["name"] == "Fifth"
    assert delivery_due(business.settings) is None


def test_where_an_account_leaves_all_are_looked_at(pipeline: Pipeline) -> None:
    """It is missed at once, and its guard judges all that are gone."""
    subscribe(pipeline, "two", account_id="a-two")
    subscribe(pipeline, "three", account_id="a-three")
    business = prepared(pipeline, "a-one", ACCOUNT_ID_METADATA_KEY="account_id")

    def seen(cycle: Cycle, stop: threading.Event) -> None:
        if len(found) == 1:
            rename(business, "Fourth")
            update = business.stripe.store.update
            update("customer", "cus_two", {"metadata": {"account_id": ""}}, now=NOW)
        elif len(found) == 2:
            gone.append(cycle)
            stop.set()

    gone: list[Cycle] = []
    rename(business, "Third")
    cycles(business, seen, found := [])
    assert gone[0].ahead
    assert gone[0].delivered
    assert gone[0].delivered.selected == 2, "a-one, which changed, and a-three"


def test_an_account_that_is_taken_back_is_brought_back(pipeline: Pipeline) -> None:
    """A customer moves twice while marts wait: what it was in between is no account's any more."""
    for name in ("two", "three", "four"):
        subscribe(pipeline, name, account_id="a-one" if name == "two" else f"a-{name}")
    settings = {"ACCOUNT_ID_METADATA_KEY": "account_id", "MULTIPLE_SUBSCRIPTIONS": "true"}
    business = prepared(pipeline, "a-one", **settings)
    accounts = iter(("a-three", "a-four"))

    def seen(cycle: Cycle, stop: threading.Event) -> None:
        if cycle.ahead and (account := next(accounts, None)):
            moved = {"metadata": {"account_id": account}}
            business.stripe.store.update("customer", "cus_two", moved, now=NOW)
        elif not cycle.ahead:
            stop.set()

    rename(business, "Third")
    found = cycles(business, seen)
    assert [bool(cycle.ahead) for cycle in found] == [True, True, True, False]
    assert left_to_send(business) == 0


def test_a_build_that_another_process_left_is_brought(pipeline: Pipeline) -> None:
    """Killed, or blocked, before its delivery: `live` knows of its own deliveries alone."""
    subscribe(pipeline, "two")
    business = prepared(pipeline)
    reporter = LogReporter(lambda line: None)

    def seen(cycle: Cycle, stop: threading.Event) -> None:
        if len(found) == 1:
            update = business.stripe.store.update
            update("customer", "cus_two", {"name": "Other"}, now=NOW)
            load_stage(business.settings, reporter, full=False)
            transform_stage(business.settings, reporter, as_of=cycle.began)
            rename(business, "Fourth")
        elif not cycle.ahead:
            stop.set()

    rename(business, "Third")
    cycles(business, seen, found := [])
    assert [bool(cycle.ahead) for cycle in found[:2]] == [True, True]
    assert business.account("cus_two")["name"] == "Other"
    assert left_to_send(business) == 0


def test_marts_follow_before_it_ends(business: Pipeline) -> None:
    rename(business, "Third")
    first, second = cycles(business, lambda _, stop: stop.set())
    assert first.ahead
    assert second.built
    assert business.mart(NAMES) == [("Third", "Third")]


def test_a_kill_before_marts_follow_loses_nothing_and_sends_nothing_twice(
    business: Pipeline,
) -> None:
    with running(business) as process:
        told(process)  # a month began: all accounts
        rename(business, "Third")
        assert told(process)["ahead"]
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=PATIENCE)
    assert business.account("cus_one")["name"] == "Third"
    version = business.account("cus_one")["version"]
    business.sync(as_of=datetime.now(UTC))
    assert business.mart(NAMES) == [("Third", "Third")]
    assert business.account("cus_one")["version"] == version
    assert delivery_due(business.settings) is None


def test_a_doubt_while_marts_are_owed_builds_them_at_once(business: Pipeline) -> None:
    """A value that no rule knows comes right after what went ahead."""

    def seen(cycle: Cycle, stop: threading.Event) -> None:
        if cycle.ahead:
            business.stripe.store.update("subscription", "sub_one", {"status": "odd"}, now=NOW + 1)
        elif cycle.failure:
            stop.set()

    rename(business, "Third")
    with pytest.raises(TransformFailed, match="status 'odd' is not known"):
        cycles(business, seen, found := [])
    assert found[0].ahead
    assert found[1].built, "in the cycle that has read it"
    assert found[1].loaded
    assert found[1].loaded.rows["subscriptions"] == 1


def test_marts_follow_although_stripe_is_away_meanwhile(business: Pipeline) -> None:
    away = threading.Event()
    with refusing(business.stripe, lambda _: (401, {}) if away.is_set() else None) as stripe:
        business.set(STRIPE_API_BASE=stripe.url)

        def seen(cycle: Cycle, stop: threading.Event) -> None:
            (away if cycle.ahead else stop).set()

        rename(business, "Third")
        with pytest.raises(StripeError):
            cycles(business, seen, found := [])
    assert found[0].ahead
    assert found[1].failure
    assert business.mart(NAMES) == [("Third", "Third")]


def test_a_store_that_is_away_is_left_alone_for_a_while(pipeline: Pipeline) -> None:
    """However much goes ahead meanwhile."""
    (store := pipeline.folder.parent / "store").mkdir()
    business = prepared(pipeline, ACCOUNT_STORE_URL=f"sqlite:///{store}/accounts.db")

    def seen(cycle: Cycle, stop: threading.Event) -> None:
        rename(business, f"Later {len(found)}")
        if len(found) == 2:
            stop.set()

    store.rename(store.with_name("elsewhere"))
    rename(business, "Third")
    with pytest.raises(AccountStoreError):
        cycles(business, seen, found := [])
    assert [bool(cycle.ahead) for cycle in found[:2]] == [True, True]
    assert ["send" in cycle.seconds for cycle in found[:2]] == [True, False]


def test_another_sender_gets_the_warehouse_that_live_holds(business: Pipeline) -> None:
    """Who holds the lease on the account store may want the warehouse: `live` holds that, and must
    not wait for the lease with it."""
    reporter = LogReporter(lambda line: None)
    holds, got = threading.Event(), []

    def send() -> None:
        with lease(business.settings.folder, reporter):
            holds.set()
            while business.mart(NAMES) != [("Third", "Second")] and time.monotonic() < deadline:
                time.sleep(0.05)
            warehouse = business.settings.folder.warehouse_lock
            with suppress(LockHeld), writer_lock(warehouse, purpose="test", patience=20):
                got.append(business.account("cus_one")["name"])

    other, deadline = threading.Thread(target=send), time.monotonic() + PATIENCE
    other.start()
    assert holds.wait(PATIENCE)
    rename(business, "Third")
    first, *_ = cycles(business, lambda _, stop: stop.set())
    other.join(PATIENCE)
    assert got == ["Second"], "it was sent when the other one had done"
    assert first.ahead
    assert first.delivered
    assert business.account("cus_one")["name"] == "Third"


def test_own_segments_keep_account_traits_with_all_marts(business: Pipeline) -> None:
    business.set(SEGMENTS_TRAIT="true")
    business.sync(as_of=AS_OF + timedelta(hours=1))
    rename(business, "Third")
    [only] = cycles(business, lambda _, stop: stop.set())
    assert only.ahead is None
    assert business.mart(NAMES) == [("Third", "Third")]


def test_marts_follow_after_a_while_however_much_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(1_000))
    monkeypatch.setattr("orchestration.live.pace.monotonic", lambda: float(next(clock)) / 2)
    pace, went = Pace(), 0
    while pace.goes_ahead(is_news=True):
        pace.went_ahead()
        went += 1
        assert went < 100, "marts never follow"
    assert pace.is_over
    pace.followed()
    assert not pace.is_owed
    assert pace.goes_ahead(is_news=True)
    assert not pace.goes_ahead(is_news=False)
