"""What every account store must do, tried on each of them."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from crm_servers import FakeHubSpot, FakeIntercom
from http_world import AT, write
from target_servers import SECRET, FakeSegment, FakeVitally, Receiver, TargetServer, running

from reverse_sync.deliver.outgoing import Outgoing
from reverse_sync.deliver.push import push
from reverse_sync.state.run import Run
from reverse_sync.stores import postgres_store, sqlite_store
from reverse_sync.stores.account_store import (
    AccountStore,
    BatchRefused,
    NotReadable,
    Receipt,
)
from reverse_sync.stores.http import vitally
from reverse_sync.stores.http.crm import hubspot_companies
from reverse_sync.stores.http.crm.property_names import property_name
from reverse_sync.stores.http.crm.value_text import text_of
from reverse_sync.stores.http.store import HttpStore, Readable
from reverse_sync.stores.target import Target
from reverse_sync.stores.url import check, opened
from reverse_sync.values.lifecycle import Lifecycle
from reverse_sync.values.tracking import Tracking, editing, enabling
from reverse_sync.values.traits import Traits

HTTP: dict[str, tuple[type[TargetServer], str]] = {
    "webhook": (Receiver, "http://127.0.0.1:{}/hook?token=s3cr"),
    "webhook-lists": (Receiver, "http://127.0.0.1:{}/hook"),
    "vitally": (FakeVitally, "vitally://127.0.0.1:{}"),
    "hubspot": (FakeHubSpot, "hubspot://127.0.0.1:{}"),
    "intercom": (FakeIntercom, "intercom://127.0.0.1:{}"),
    "segment": (FakeSegment, "segment://127.0.0.1:{}"),
}


@pytest.fixture(params=["sqlite", "postgres", *HTTP])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def server(kind: str) -> Iterator[TargetServer | None]:
    """The counterpart of a store behind HTTP."""
    if kind not in HTTP:
        yield None
        return
    with running(HTTP[kind][0]()) as started:
        if kind == "webhook-lists":
            assert isinstance(started, Receiver)
            started.results = True
        yield started


@pytest.fixture
def target(
    kind: str, server: TargetServer | None, request: pytest.FixtureRequest, tmp_path: Path
) -> Target:
    if server is not None:
        size = 7 if kind == "webhook-lists" else 1
        url = HTTP[kind][1].format(server.port)
        return Target(url, secret=SECRET, folder=tmp_path, accounts_per_request=size)
    if kind == "sqlite":
        return Target(f"sqlite:///{tmp_path}/accounts.db")
    return Target(str(request.getfixturevalue("postgres_url")))


@pytest.fixture
def store(target: Target, server: TargetServer | None) -> Iterator[AccountStore]:
    """The open store; in the end a server must hold what the store says it holds."""
    with opened(target) as store:
        yield store
        if isinstance(store, HttpStore) and server is not None:
            for page in store._ledger.accounts.read_all():
                assert {a.account_id: shown(server, a.traits) for a in page} == {
                    a.account_id: server.held(a.account_id) for a in page
                }


def shown(server: TargetServer, traits: Traits) -> dict[str, Any]:
    """Traits as this kind of server has them."""
    if isinstance(server, FakeIntercom):
        return {
            property_name(trait): text_of(value) if isinstance(value, list) else value
            for trait, value in traits.items()
            if value not in ("", [])
        }
    if not isinstance(server, FakeHubSpot):
        return dict(traits)
    texts = {property_name(trait): text_of(value) for trait, value in traits.items()}
    return {name: text for name, text in texts.items() if text}


def taken(receipt: Receipt) -> frozenset[str]:
    return receipt.accepted | receipt.unconfirmed


def traits(store: AccountStore, account_id: str = "a") -> dict[str, Any]:
    return dict(store.read([account_id])[account_id].traits)


def test_an_account_comes_back_exactly_as_it_was_written(store: AccountStore) -> None:
    now = Lifecycle(
        status="churned",
        status_since=AT,
        trial_ends_at=datetime(2024, 1, 1, tzinfo=UTC),
        renewal_at=datetime(2025, 7, 1, tzinfo=UTC),
        churned_at=datetime(2025, 6, 10, tzinfo=UTC),
        mrr=Decimal("12345678901234567890.123456789"),
    )
    values = {
        "stripe.number": Decimal("12345678901234567890.123456789"),
        "stripe.text": 'Ünïcødé \n\t"quoted" \\ \'',
        "stripe.flag": False,
        "stripe.list": (Decimal("1.5"), None, "x"),
        "stripe.empty": (),
        "stripe.metadata.a.b/c~d'\" {}": "",
    }
    assert taken(store.write([write(set=values, lifecycle=now)])) == {"a"}
    stored = store.read(["a", "missing"])
    assert stored.keys() == {"a"}
    assert stored["a"].lifecycle == now
    assert stored["a"].version == 1
    expected = {k: list(v) if isinstance(v, tuple) else v for k, v in values.items()}
    assert stored["a"].traits == expected


def test_a_write_sets_and_clears_only_what_it_names(store: AccountStore) -> None:
    store.write([write(set={"stripe.a": "1", "stripe.b": "2", "stripe.metadata.x-y": "3"})])
    change = write(set={"stripe.b": "4"}, unset=("stripe.metadata.x-y", "stripe.no"), version=2)
    store.write([change])
    assert traits(store) == {"stripe.a": "1", "stripe.b": "4"}


def test_chosen_traits_are_read_without_the_others_being_missed(store: AccountStore) -> None:
    values = {"stripe.a": Decimal("1.50"), "stripe.b": (), "app.c": True}
    store.write([write(set=values, name="Ada"), write("b", set={})])
    asked = store.read(["a", "b"], traits=["app.c", "stripe.a", "stripe.missing"])
    assert asked["a"].traits.items() >= {"stripe.a": Decimal("1.5"), "app.c": True}.items()
    assert "stripe.missing" not in asked["a"].traits
    assert asked["b"].traits == {}
    assert asked["a"].name == "Ada"
    assert store.read(["b"], traits=[])["b"].version == 1


def test_an_account_without_traits_is_created(store: AccountStore) -> None:
    store.write([write(set={}, name=None)])
    assert traits(store) == {}


def test_a_repeated_or_older_version_changes_nothing_and_says_so(store: AccountStore) -> None:
    store.write([write(version=7), write("b", version=1)])
    for version in (6, 7):
        old = replace(write(set={"stripe.mrr": Decimal(1)}), version=version)
        receipt = store.write([old, write("b", version=8 + version)])
        assert (taken(receipt), receipt.newer) == ({"b"}, {"a": 7})
    assert traits(store) == {"stripe.mrr": Decimal("50.5")}
    assert store.highest_version() == 15


def test_a_new_store_holds_no_version(store: AccountStore) -> None:
    assert store.highest_version() == 0
    assert store.read_tracking() == Tracking()


def test_a_bad_account_is_refused_and_never_written(store: AccountStore) -> None:
    batch = [write("a"), write("bad", version=2**63), write("c")]
    if isinstance(store, HttpStore):
        receipt = store.write(batch)
        assert (receipt.refused.keys(), taken(receipt)) == ({"bad"}, {"a", "c"})
        assert store.read(["bad"]) == {}
    else:
        with pytest.raises(BatchRefused):
            store.write(batch)
        assert store.read(["a", "bad", "c"]) == {}


def test_a_bad_row_is_kept_out_with_its_reason_and_the_others_go(store: AccountStore) -> None:
    run = Run(run_id="r", version=1, mode="single", tracking="t", as_of=AT)
    batch = [Outgoing(f"a{i}", "create", None, "{}", []) for i in range(20)]
    batch[13] = batch[13]._replace(name="lone \ud800 surrogate")
    outcomes = {o.account_id: o for o in push(store, batch, tracking=Tracking(), run=run)}
    assert len(outcomes) == 20
    assert [o.account_id for o in outcomes.values() if o.status == "rejected"] == ["a13"]
    assert "surrogates not allowed" in (outcomes["a13"].error or "")
    assert len(store.read([f"a{i}" for i in range(20)])) == 19


def test_settings_and_their_history_are_kept(store: AccountStore) -> None:
    changes = enabling(Tracking(), mode="single")
    store.write_tracking(changes, at=AT)
    tracking = store.read_tracking()
    assert tracking.mode == "single"
    assert tracking.settings == {change.new.aspect: change.new for change in changes}
    later = enabling(tracking, mode="multi")
    store.write_tracking(later, at=AT + timedelta(hours=1))
    edit = editing(store.read_tracking(), aspect="trial", trait="app.t", rule="end_date")
    store.write_tracking([edit], at=AT + timedelta(hours=2))
    assert store.read_tracking().mode == "multi", "an edit enables nothing"
    assert store.read_tracking().settings["trial"] == edit.new
    history = store.read_tracking_history()
    assert [change for _, change in history] == [*changes, *later, edit]
    assert [(at - AT).seconds // 3600 for at, _ in history] == [0] * 4 + [1] * 4 + [2]


def test_opening_twice_and_checking_change_nothing(store: AccountStore, target: Target) -> None:
    store.write([write()])
    check(target)
    with opened(target) as again:
        assert traits(again) == {"stripe.mrr": Decimal("50.5")}


def test_every_account_is_paged_through_once(
    store: AccountStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (sqlite_store, postgres_store, vitally, hubspot_companies):
        monkeypatch.setattr(module, "PAGE", 3)
    names = ["a", "B", "ä", "z", "Z", "10", "9", "account-1", "account_1"]
    store.write([write(name) for name in names])
    if isinstance(store, HttpStore) and not isinstance(store._channel, Readable):
        with pytest.raises(NotReadable, match="resync"):
            list(store.read_all())
        return
    pages = [[account.account_id for account in page] for page in store.read_all()]
    assert [len(page) for page in pages] == [3, 3, 3]
    assert sorted(name for page in pages for name in page) == sorted(names)


def test_a_page_holds_no_more_than_its_bytes_and_one_account_at_least(
    store: AccountStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    if isinstance(store, HttpStore):
        return  # a page is an answer, which has a limit of its own
    for module in (sqlite_store, postgres_store):
        monkeypatch.setattr(module, "ROOM", 1_000)
    long = {"a": 10, "b": 10, "c": 5_000, "d": 10, "e": 600, "f": 600}
    store.write([write(name, set={"app.note": "x" * length}) for name, length in long.items()])
    pages = [[account.account_id for account in page] for page in store.read_all()]
    assert pages == [["a", "b", "c"], ["d", "e", "f"]]
