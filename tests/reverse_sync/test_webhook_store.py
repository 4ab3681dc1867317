"""The webhook store before a receiver that misbehaves: nothing is lost, stale or shown."""

import json
import threading
from decimal import Decimal

import pytest
from http_world import BROKEN, DOWN, WAIT_A_MOMENT, HttpWorld, world, write, writes
from target_servers import SECRET, Receiver, Reply, Request

from reverse_sync.stores.account_store import AccountStoreError, NotNow, Receipt
from reverse_sync.stores.http.client import ATTEMPTS
from reverse_sync.stores.target import Target
from reverse_sync.stores.url import check, opened
from reverse_sync.values.lifecycle import Lifecycle

__all__ = ["world"]


def about(account_id: str) -> "object":
    return lambda request: request.method == "POST" and request.body["account"] == account_id


def shows_no_secret(text: str) -> None:
    assert "tok3n" not in text
    assert SECRET not in text
    assert "\n" not in text


def test_the_receiver_gets_one_signed_account_a_request(world: HttpWorld) -> None:
    server = world.receiver()
    now = Lifecycle(status="subscribed", mrr=Decimal("50.50"))
    change = write(lifecycle=now, unset=("stripe.trialEnd",), version=7)
    receipt = world.store(world.webhook(server)).write([change])
    assert receipt == Receipt(accepted=frozenset({"a"}))
    (request,) = server.requests
    body = request.body
    assert (body["account"], body["version"], body["unset"]) == ("a", 7, ["stripe.trialEnd"])
    assert body["set"] == {"stripe.mrr": Decimal("50.5")}
    assert body["lifecycle"]["status"] == "subscribed"
    assert body["lifecycle"]["mrr"] == Decimal("50.5")
    assert body["at"] == "2025-06-15T12:30:00Z"
    assert request.query == {"key": "tok3n"}
    assert request.headers["stripe-traits-signature"].startswith("t=")


def test_a_wait_is_not_an_attempt(world: HttpWorld) -> None:
    server = world.receiver()
    server.misbehave(WAIT_A_MOMENT, times=3 * ATTEMPTS)
    receipt = world.store(world.webhook(server)).write([write()])
    assert receipt.accepted == {"a"}
    assert len(server.requests) == 3 * ATTEMPTS + 1


def test_a_long_wait_leaves_the_rest_pending_for_every_process(world: HttpWorld) -> None:
    server = world.receiver()
    server.misbehave(Reply(429, None, {"Retry-After": "3600"}), when=about("a3"))
    receipt = world.store(world.webhook(server)).write(writes(40))
    assert isinstance(receipt.stopped, NotNow)
    assert 3500 < receipt.stopped.seconds <= 3600
    assert receipt.refused == {}
    assert receipt.accepted < {f"a{number}" for number in range(40)}
    asked = len(server.requests)
    other = world.store(world.webhook(server)).write(writes(2, version=2))
    assert isinstance(other.stopped, NotNow)
    assert len(server.requests) == asked


@pytest.mark.parametrize(
    "fault",
    [BROKEN, DOWN, Reply(reset=True), Reply(slow=0.7), Reply(reset=True, served=True), Reply(408)],
    ids=["500", "503", "reset", "slow", "reset-after-it-was-taken", "408"],
)
def test_a_passing_failure_is_tried_again_with_the_same_key(world: HttpWorld, fault: Reply) -> None:
    server = world.receiver()
    server.misbehave(fault, times=2 if not fault.slow else 1)
    assert world.store(world.webhook(server)).write([write()]).accepted == {"a"}
    assert len({request.headers["idempotency-key"] for request in server.requests}) == 1
    assert len(server.requests) > 1
    assert server.stale == []


def test_an_account_that_breaks_the_receiver_is_set_aside_and_the_others_go(
    world: HttpWorld,
) -> None:
    server = world.receiver()
    server.misbehave(BROKEN, times=99, when=about("a3"))
    receipt = world.store(world.webhook(server)).write(writes(20))
    assert receipt.stopped is None
    assert len(receipt.accepted) == 19
    (refusal,) = receipt.refused.values()
    assert (refusal.code, refusal.permanent) == ("500", False)
    assert refusal.body == '{"error":"failed for ***"}'


@pytest.mark.parametrize("fault", [DOWN, BROKEN, Reply(reset=True)], ids=["503", "500", "reset"])
def test_a_receiver_that_is_down_stops_the_delivery(world: HttpWorld, fault: Reply) -> None:
    server = world.receiver()
    server.misbehave(fault, times=9999)
    receipt = world.store(world.webhook(server)).write(writes(60))
    assert receipt.accepted == frozenset()
    assert receipt.refused == {}
    assert "it does not answer" in str(receipt.stopped)
    assert "Nothing is lost" in str(receipt.stopped)
    assert len(server.requests) < 60
    shows_no_secret(str(receipt.stopped))
    server.faults.clear()
    assert len(world.store(world.webhook(server)).write(writes(60)).accepted) == 60


@pytest.mark.parametrize(
    ("reply", "permanent"),
    [
        (Reply(422, {"error": "no such plan"}), True),
        (Reply(404), False),
        (Reply(200, {"error": "no such plan"}), True),
        (Reply(200, {"ok": False}), True),
        (Reply(200, {"results": []}), False),
        (Reply(200, {"results": [{"account": "a3", "status": "rejected"}]}), True),
        (Reply(200, {"results": [{"account": "a3", "status": "busy", "retry": True}]}), False),
    ],
    ids=["422", "404", "200-error", "200-not-ok", "200-silent", "200-rejected", "200-busy"],
)
def test_what_was_refused_is_not_taken_for_done(
    world: HttpWorld, reply: Reply, permanent: bool
) -> None:
    server = world.receiver()
    server.misbehave(reply, times=9, when=about("a3"))
    store = world.store(world.webhook(server))
    receipt = store.write(writes(6))
    assert receipt.accepted == {"a0", "a1", "a2", "a4", "a5"}
    assert receipt.refused["a3"].permanent is permanent
    assert store.read(["a3"]) == {}


def test_of_a_list_the_accounts_are_judged_one_by_one(world: HttpWorld) -> None:
    server = world.receiver()
    server.results = True
    for number in range(0, 10, 2):
        server.refused[f"a{number}"] = {"status": "rejected", "error": "no", "code": "E7"}
    receipt = world.store(world.webhook(server, accounts_per_request=10)).write(writes(10))
    assert len(server.requests) == 1
    assert receipt.accepted == {"a1", "a3", "a5", "a7", "a9"}
    assert {refusal.code for refusal in receipt.refused.values()} == {"E7"}


def test_a_refused_list_is_halved_down_to_the_account_at_fault(world: HttpWorld) -> None:
    server = world.receiver()

    def holds_the_bad_one(request: Request) -> bool:
        return "a13" in {item["account"] for item in request.body}

    server.misbehave(Reply(400, {"error": "bad list"}), times=99, when=holds_the_bad_one)
    receipt = world.store(world.webhook(server, accounts_per_request=20)).write(writes(20))
    assert receipt.refused.keys() == {"a13"}
    assert len(receipt.accepted) == 19


@pytest.mark.parametrize(
    ("reply", "remedy"),
    [
        (Reply(302, None, {"Location": "http://127.0.0.1:1/"}), "redirect"),
        (Reply(401, {"error": "who are you"}), "ACCOUNT_STORE_SECRET"),
    ],
    ids=["redirect", "401"],
)
def test_what_holds_for_every_account_stops_at_once(
    world: HttpWorld, reply: Reply, remedy: str
) -> None:
    server = world.receiver()
    server.misbehave(reply, times=9999)
    receipt = world.store(world.webhook(server)).write(writes(50))
    assert remedy in str(receipt.stopped)
    assert len(server.requests) < 50
    assert receipt.refused == {}
    shows_no_secret(str(receipt.stopped))


def test_an_older_version_never_comes_after_a_newer_one(world: HttpWorld) -> None:
    server = world.receiver()

    def send(version: int) -> None:
        with opened(world.webhook(server)) as store:
            store.write(writes(10, version=version, set={"stripe.v": Decimal(version)}))

    threads = [threading.Thread(target=send, args=(version,)) for version in (3, 1, 4, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert server.stale == []
    assert {account["version"] for account in server.accounts.values()} == {4}


def test_nothing_of_a_secret_is_shown_or_kept(world: HttpWorld) -> None:
    server = world.receiver()
    target = world.webhook(server)
    check(target)
    world.store(target).write([write()])
    shows_no_secret(repr(target))
    for path in world.folder.rglob("*"):
        assert "tok3n" not in path.name
        assert path.is_dir() or b"tok3n" not in path.read_bytes()
        assert path.stat().st_mode & 0o077 == 0


def test_a_rolled_token_in_the_query_is_the_same_store(world: HttpWorld) -> None:
    server = world.receiver()
    world.store(world.webhook(server)).write([write(version=5)])
    rolled = world.target(f"http://127.0.0.1:{server.port}/hook/tok3n?key=other")
    assert world.store(rolled).highest_version() == 5


def test_a_receiver_that_is_not_there_is_named(world: HttpWorld) -> None:
    target = world.target("http://127.0.0.1:9/hook?key=tok3n")
    with pytest.raises(AccountStoreError, match="cannot be reached") as caught:
        check(target)
    shows_no_secret(str(caught.value))


def test_a_ledger_survives_a_lost_answer(world: HttpWorld) -> None:
    """Sent, and killed before it was noted: the next version tells the receiver everything."""
    server = world.receiver()
    target = world.webhook(server)
    world.store(target).write([write(set={"stripe.a": "1"})])
    server.accounts["a"]["traits"]["stripe.a"] = "2"
    server.accounts["a"]["version"] = 2
    world.store(target).write([write(set={"stripe.a": "3"}, version=3)])
    assert server.held("a") == {"stripe.a": "3"}


def test_the_body_is_what_was_signed(world: HttpWorld) -> None:
    server: Receiver = world.receiver()
    wrong = Target(world.webhook(server).url, secret="another", folder=world.folder)
    receipt = world.store(wrong).write([write()])
    assert "does not accept ACCOUNT_STORE_SECRET" in str(receipt.stopped)
    assert json.loads(server.requests[0].text)["account"] == "a"
