"""The Vitally store before a server that does what Vitally documents, and what it does not."""

import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from http_world import AT, BROKEN, WAIT_A_MOMENT, HttpWorld, world, write, writes
from target_servers import SECRET, FakeVitally, Reply

from reverse_sync.stores.account_store import AccountStoreError, NotNow
from reverse_sync.stores.http.address import vitally
from reverse_sync.stores.http.client import ATTEMPTS
from reverse_sync.stores.target import Target
from reverse_sync.stores.url import check
from reverse_sync.values.lifecycle import Lifecycle
from reverse_sync.values.tracking import Setting, SettingChange, Tracking, enabling

__all__ = ["world"]

SENDER = """
import sys
sys.path.insert(0, "tests/worlds")
from pathlib import Path
from http_world import writes
from reverse_sync.stores.url import opened
from reverse_sync.stores.target import Target
url, folder, secret, version, per_minute = sys.argv[1:]
target = Target(url, secret=secret, folder=Path(folder), requests_per_minute=float(per_minute))
with opened(target) as store:
    receipt = store.write(writes(60, version=int(version)))
    print(len(receipt.accepted), len(receipt.newer), receipt.stopped)
"""


def target(world: HttpWorld, server: FakeVitally, **options: Any) -> Target:
    return world.target(f"vitally://127.0.0.1:{server.port}", **options)


def methods(server: FakeVitally) -> list[str]:
    return [request.method for request in server.requests]


def test_a_subdomain_is_a_workspace_and_a_host_is_itself() -> None:
    assert vitally("vitally://acme").url == "https://acme.rest.vitally.io"
    assert vitally("vitally://rest.vitally-eu.io").url == "https://rest.vitally-eu.io"
    assert vitally("vitally://127.0.0.1:81").url == "http://127.0.0.1:81"


def test_an_unknown_account_is_created_and_a_known_one_is_put(world: HttpWorld) -> None:
    server = world.vitally()
    store = world.store(target(world, server))
    store.write([write(name=None, set={"stripe.a": "1", "stripe.b": "2"})])
    assert methods(server) == ["PUT", "POST"]
    assert server.accounts["a"]["name"] == "a"  # Vitally needs a name
    store.write([write(set={"stripe.b": "3"}, unset=("stripe.a",), version=2)])
    assert methods(server) == ["PUT", "POST", "PUT"]
    assert server.requests[-1].body == {
        "name": "Ada",
        "traits": {"stripe.b": "3", "stripe.a": None},
    }
    assert (server.accounts["a"]["name"], server.held("a")) == ("Ada", {"stripe.b": "3"})


def test_an_account_deleted_by_hand_comes_back_whole(world: HttpWorld) -> None:
    server = world.vitally()
    store = world.store(target(world, server))
    store.write([write(set={"stripe.a": "1", "stripe.b": "2"})])
    del server.accounts["a"]
    assert store.write([write(set={"stripe.b": "3"}, version=2)]).accepted == {"a"}
    assert server.held("a") == {"stripe.a": "1", "stripe.b": "3"}


def test_an_id_is_one_part_of_the_path_whatever_it_holds(world: HttpWorld) -> None:
    server = world.vitally()
    names = ["a/b", "ä ö", "50%", "a?b=c#d", "a+b", "..x"]
    store = world.store(target(world, server))
    assert store.write([write(name) for name in names]).accepted == set(names)
    assert set(server.accounts) == set(names)
    refused = store.write([write(".."), write(".", version=2)]).refused
    assert {refusal.permanent for refusal in refused.values()} == {True}


@pytest.mark.parametrize(
    ("sent", "kept"),
    [("50", Decimal(50)), (Decimal(1), True), ("", None), (("x",), ("x", "y")), (True, "true")],
)
def test_a_reply_that_shows_another_value_is_a_refusal(
    world: HttpWorld, sent: Any, kept: Any
) -> None:
    server = world.vitally()
    server.keeps = lambda trait, value: kept if trait == "stripe.odd" else value
    store = world.store(target(world, server))
    receipt = store.write([write(set={"stripe.odd": sent, "stripe.a": "1"}), write("b")])
    assert receipt.accepted == {"b"}
    assert receipt.refused["a"].reason == "Vitally's reply shows another value of stripe.odd"
    assert store.read(["a"]) == {}


def test_a_200_that_kept_nothing_is_a_refusal(world: HttpWorld) -> None:
    server = world.vitally()
    store = world.store(target(world, server))
    store.write([write()])
    for body in ({"success": True}, "<html>", [1], {"traits": {}}, {"traits": None}):
        server.misbehave(Reply(200, body))
        receipt = store.write([write(set={"stripe.mrr": Decimal(60)}, version=2)])
        assert receipt.refused.keys() == {"a"}


def test_a_number_comes_back_as_a_double_and_is_the_same(world: HttpWorld) -> None:
    server = world.vitally()
    server.keeps = lambda trait, value: Decimal(repr(float(value)))
    third = Decimal("8.33333333333333333")
    store = world.store(target(world, server))
    assert store.write([write(set={"stripe.planAmount": third})]).accepted == {"a"}


REVENUE = [
    ("subscribed", "0", Lifecycle(status="subscribed"), None),
    ("subscribed", "60", Lifecycle(status="subscribed", mrr=Decimal(60)), Decimal(60)),
    ("not_known", None, Lifecycle(status="subscribed", mrr=Decimal(70)), Decimal(70)),
    ("trial", "50", Lifecycle(status="trial"), None),
    ("churned", None, Lifecycle(status="churned"), None),
]


@pytest.mark.parametrize(("name", "mrr", "now", "shown"), REVENUE)
def test_revenue_is_null_unless_there_is_some(
    world: HttpWorld, name: str, mrr: str | None, now: Lifecycle, shown: Decimal | None
) -> None:
    server = world.vitally()
    store = world.store(target(world, server))
    store.write_tracking(enabling(Tracking(), mode="single"), at=AT)
    traits = {} if mrr is None else {"stripe.mrr": Decimal(mrr)}
    unset = ("stripe.mrr",) if mrr is None else ()
    assert store.write([write(set=traits, unset=unset, lifecycle=now)]).accepted == {"a"}
    assert (server.held("a") or {}).get("stripe.mrr") == shown
    (page,) = store.read_all()
    assert page[0].traits == traits  # in the terms of what was written: nothing to repair
    assert page[0].lifecycle == now


def test_revenue_that_was_set_by_hand_is_seen(world: HttpWorld) -> None:
    server = world.vitally()
    store = world.store(target(world, server))
    store.write_tracking(enabling(Tracking(), mode="single"), at=AT)
    store.write([write(lifecycle=Lifecycle(status="trial"))])
    server.accounts["a"]["traits"]["stripe.mrr"] = Decimal("50.5")
    (page,) = store.read_all()
    assert page[0].traits.get("stripe.mrr") is None


def test_revenue_comes_with_the_subscription_though_its_trait_has_not_changed(
    world: HttpWorld,
) -> None:
    server = world.vitally()
    store = world.store(target(world, server))
    store.write_tracking(enabling(Tracking(), mode="single"), at=AT)
    store.write([write(lifecycle=Lifecycle(status="trial"))])
    paid = Lifecycle(status="subscribed", mrr=Decimal("50.5"))
    store.write([write(set={"stripe.status": "active"}, lifecycle=paid, version=2)])
    assert server.held("a") == {"stripe.mrr": Decimal("50.5"), "stripe.status": "active"}


def test_every_page_is_read_and_churned_accounts_are_not_missing(world: HttpWorld) -> None:
    server = world.vitally()
    store = world.store(target(world, server))
    for number in range(230):
        account = {"name": "x", "traits": {"app.x": number}, "churned": number % 2 == 0}
        server.accounts[f"a{number}"] = {"externalId": f"a{number}", **account}
    server.accounts["none"] = {"externalId": None, "name": "x", "traits": {}, "churned": False}
    pages = list(store.read_all())
    assert [len(page) for page in pages] == [100, 100, 30]
    assert pages[0][7].traits == {"app.x": Decimal(7)}
    assert {request.query["limit"] for request in server.requests} == {"100"}


def test_traits_of_others_are_read_only_where_tracking_needs_them(world: HttpWorld) -> None:
    server = world.vitally()
    store = world.store(target(world, server))
    store.write([write()])
    server.accounts["a"]["traits"]["app.trialUntil"] = "2025-07-01"
    server.accounts["new"] = {"externalId": "new", "name": "x", "traits": {"app.trialUntil": "1"}}
    assert set(store.read(["a", "new"])["a"].traits) == {"stripe.mrr"}
    trial = Setting("trial", "app.trialUntil", "end_date", "operator")
    store.write_tracking([SettingChange(old=None, new=trial, mode="single", reason="x")], at=AT)
    found = store.read(["a", "new", "missing"])
    assert found.keys() == {"a", "new"}
    assert found["a"].traits["app.trialUntil"] == "2025-07-01"
    assert (found["a"].version, found["new"].version) == (1, 0)


def test_a_wait_is_not_an_attempt(world: HttpWorld) -> None:
    server = world.vitally()
    server.misbehave(WAIT_A_MOMENT, times=3 * ATTEMPTS)
    assert world.store(target(world, server)).write([write()]).accepted == {"a"}


def test_a_spent_limit_pauses_before_it_is_exceeded(world: HttpWorld) -> None:
    server = world.vitally()
    spent = {"RateLimit-Limit": "1000", "RateLimit-Remaining": "0", "RateLimit-Reset": "900"}
    server.misbehave(Reply(200, {"externalId": "a", "traits": {"stripe.mrr": 50.5}}, spent))
    store = world.store(target(world, server))
    receipt = store.write([write()])
    assert receipt.accepted == {"a"}
    later = store.write([write(version=2)])
    assert isinstance(later.stopped, NotNow)
    assert len(server.requests) == 1


def test_a_failing_account_is_set_aside(world: HttpWorld) -> None:
    server = world.vitally()
    server.misbehave(BROKEN, times=99, when=lambda r: r.path.endswith("/a3"))
    server.misbehave(Reply(422, {"error": "no"}), times=99, when=lambda r: r.path.endswith("/a4"))
    receipt = world.store(target(world, server)).write(writes(9))
    assert len(receipt.accepted) == 7
    assert [receipt.refused[name].permanent for name in ("a3", "a4")] == [False, True]


def test_a_wrong_key_is_found_before_anything_is_sent(world: HttpWorld) -> None:
    server = world.vitally()
    check(target(world, server))
    with pytest.raises(AccountStoreError, match=r"ACCOUNT_STORE_SECRET \(401\)"):
        check(target(world, server, secret="wrong"))


def test_two_processes_stay_below_the_limit_and_send_nothing_twice(world: HttpWorld) -> None:
    server = world.vitally()
    server.per_minute = 6000
    server.accounts = {
        w.account_id: {"externalId": w.account_id, "name": "x", "traits": {}} for w in writes(60)
    }
    arguments = [target(world, server).url, str(world.folder), SECRET, "1", "600"]
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", SENDER, *arguments],
            cwd=Path(__file__).parents[2],
            env={**os.environ, "PYTHONPATH": "."},
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    outputs = sorted(process.communicate(timeout=60)[0].split() for process in processes)
    assert outputs == [["0", "60", "None"], ["60", "0", "None"]]
    moments = sorted(request.at for request in server.requests)
    assert len(moments) == 60
    # 30 at once, then 9.5 a second: the last thirty take three seconds. On a busy machine the first
    # one arrives late.
    assert moments[-1] - moments[0] > 2
