"""Webhook endpoints and their deliveries over real HTTP, judged by the unmodified SDK."""

import signal
import subprocess
import sys
import time
import typing
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
import stripe
from listening import Listener, listening
from local_stripe import ACCOUNTS, several_accounts
from stripe.params._webhook_endpoint_create_params import WebhookEndpointCreateParams
from test_sandbox_sdk import check

from sandbox import builders
from sandbox.endpoints.webhooks import TYPES, registered
from sandbox.http.keys import Key
from sandbox.misbehaviour.faults import Fault, Faults
from sandbox.server import TEST_KEY, serving
from sandbox.shapes import API_VERSION
from sandbox.storage.older import VERSIONS
from sandbox.storage.store import Store
from sandbox.webhooks import Deliveries

T = 1_750_000_000
KEY = {"Authorization": f"Bearer {TEST_KEY}"}
MANUAL = Deliveries(automatic=False)
QUICK = Deliveries(first_retry=0.05, poll=0.005)


@pytest.fixture
def store() -> Iterator[Store]:
    with Store() as made:
        made.put(builders.customer(id="cus_a", created=T))
        yield made


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listening() as made:
        yield made


def client(url: str, key: str = TEST_KEY, **options: Any) -> stripe.StripeClient:
    return stripe.StripeClient(key, base_addresses={"api": url}, max_network_retries=0, **options)


def hook(url: str, to: Listener | str, *types: str, **more: Any) -> stripe.WebhookEndpoint:
    """An endpoint for some types, or for all."""
    address = to if isinstance(to, str) else to.url
    wanted = {"url": address, "enabled_events": [*types] or ["*"], **more}
    return client(url).v1.webhook_endpoints.create(wanted)  # type: ignore[arg-type]


def post(url: str, path: str, **values: Any) -> Any:
    answer = httpx.post(f"{url}/sandbox/{path}", headers=KEY, data=values)
    answer.raise_for_status()
    return answer.json()


def recorded(url: str, status: str) -> dict[str, Any]:
    """The one delivery, once its last answer is written down."""
    for _ in range(500):
        (made,) = httpx.get(f"{url}/sandbox/deliveries", headers=KEY).json()["deliveries"]
        if made["status"] == status:
            break
        time.sleep(0.01)
    assert made["status"] == status
    return dict(made)


def rename(store: Store, *names: str) -> None:
    for name in names:
        store.update("customer", "cus_a", {"name": name}, now=T + 1)


def names(listener: Listener) -> list[str]:
    return [one.event["data"]["object"]["name"] for one in listener.got]


def test_the_sdk_makes_lists_changes_and_deletes_endpoints(store: Store) -> None:
    with serving(store) as url:
        v1 = client(url).v1
        made = hook(url, "http://127.0.0.1:9/a", "customer.created", metadata={"a": "1", "b": "2"})
        assert (made.secret or "").startswith("whsec_")
        assert list(check(made.to_dict(), stripe.WebhookEndpoint, "we")) == []
        other = hook(url, "https://example.com/b", api_version=VERSIONS[0], description="B")
        assert (other.api_version, other.description) == (VERSIONS[0], "B")
        assert {one.id for one in v1.webhook_endpoints.list().auto_paging_iter()} == {
            made.id,
            other.id,
        }
        found = v1.webhook_endpoints.retrieve(made.id)
        assert "secret" not in found
        assert list(check(found.to_dict(), stripe.WebhookEndpoint, "we")) == []
        assert made.secret not in httpx.get(f"{url}/v1/webhook_endpoints", headers=KEY).text
        changed = v1.webhook_endpoints.update(
            made.id,
            {"enabled_events": ["*"], "disabled": True, "metadata": {"a": "", "c": "3"}},
        )
        assert (changed.enabled_events, changed.status) == (["*"], "disabled")
        assert changed.metadata.to_dict() == {"b": "2", "c": "3"}
        assert v1.webhook_endpoints.update(made.id, {"disabled": False}).status == "enabled"
        assert v1.webhook_endpoints.delete(made.id).deleted
        with pytest.raises(stripe.InvalidRequestError, match="No such webhook endpoint"):
            v1.webhook_endpoints.retrieve(made.id)
        assert "webhook_endpoint" not in store.truth()["objects"]


@pytest.mark.parametrize(
    ("values", "param"),
    [
        ({"url": "http://a.example"}, "enabled_events"),
        ({"enabled_events": ["*"]}, "url"),
        ({"url": "a.example", "enabled_events": ["*"]}, "url"),
        ({"url": "http://a.example", "enabled_events": ["invoice.*"]}, "enabled_events[0]"),
        ({"url": "http://a.example", "enabled_events": []}, "enabled_events"),
        ({"url": "http://a.example", "enabled_events": ["*"], "secret": "s"}, "secret"),
    ],
)
def test_an_endpoint_that_stripe_would_refuse_is_refused(
    store: Store, values: Any, param: str
) -> None:
    with serving(store) as url, pytest.raises(stripe.InvalidRequestError) as caught:
        client(url).v1.webhook_endpoints.create(values)
    assert caught.value.param == param


def test_every_type_of_event_that_the_sdk_names_can_be_wanted() -> None:
    (wanted,) = typing.get_args(WebhookEndpointCreateParams.__annotations__["enabled_events"])
    known = set(typing.get_args(wanted)) - {"*"}
    assert known - TYPES == set()
    assert set(typing.get_args(stripe.Event.__annotations__["type"])) == TYPES


def test_the_sdk_accepts_what_is_delivered(store: Store, listener: Listener) -> None:
    with serving(store, deliveries=QUICK) as url:
        made = hook(url, listener, "customer.updated", "invoice.paid")
        rename(store, "A")
        store.put(builders.invoice(id="in_a", customer="cus_a", created=T))
        first, second = listener.wait(2)
        event = first.verified(made.secret or "")
        assert (event.type, event.data.object["name"]) == ("customer.updated", "A")
        assert second.verified(made.secret or "").type == "invoice.paid"
        with pytest.raises(stripe.SignatureVerificationError):
            first.verified("whsec_another")
        retrieved = client(url).v1.events.retrieve(event.id).to_dict()
        assert {**first.event, "pending_webhooks": 0} == retrieved
        assert first.event["pending_webhooks"] == 1
        assert list(check(first.event, stripe.Event, "event")) == []
        assert first.headers["content-type"] == "application/json; charset=utf-8"
        assert first.headers["user-agent"].startswith("Stripe/1.0")


def test_an_endpoint_is_told_of_what_comes_while_it_is_enabled(
    store: Store, listener: Listener
) -> None:
    with serving(store, deliveries=MANUAL) as url:
        rename(store, "before")
        made = hook(url, listener)
        rename(store, "A")
        client(url).v1.webhook_endpoints.update(made.id, {"disabled": True})
        rename(store, "while disabled")
        client(url).v1.webhook_endpoints.update(made.id, {"disabled": False})
        rename(store, "B")
        assert post(url, "deliver") == {"delivered": 2}
        assert names(listener) == ["A", "B"]
        rename(store, "C")
        client(url).v1.webhook_endpoints.delete(made.id)
        assert post(url, "deliver") == {}


@pytest.mark.parametrize("account", [API_VERSION, VERSIONS[0]])
def test_each_endpoint_gets_events_in_its_own_version(
    store: Store, listener: Listener, account: str
) -> None:
    price = builders.price(id="price_a", unit_amount=500)
    store.put(price)
    store.api_version = account
    with serving(store, deliveries=MANUAL) as url:
        for version in (None, *VERSIONS):
            hook(url, f"{listener.url}/{version}", **({"api_version": version} if version else {}))
        items = [builders.item(price=price)]
        store.put(
            builders.subscription(id="sub_a", customer="cus_a", items=items, created=T), now=T
        )
        held = (store.get("subscription", "sub_a") or {})["items"]
        held["data"][0]["current_period_end"] += 86_400
        store.update("subscription", "sub_a", {"items": held}, now=T + 1)
        post(url, "deliver")
        assert len(listener.got) == 2 * (1 + len(VERSIONS))
        for version in (None, *VERSIONS):
            path = f"/hook/{version}"
            _, event = (one.event for one in listener.got if one.path == path)
            shown = version or account
            assert event["api_version"] == shown
            headers = KEY | {"Stripe-Version": shown}
            asked = httpx.get(f"{url}/v1/subscriptions/sub_a", headers=headers).json()
            assert event["data"]["object"] == asked
            before = event["data"]["previous_attributes"]
            old = shown == VERSIONS[0]
            assert before.keys() == {"current_period_end" if old else "items"}


def test_what_is_not_accepted_is_tried_again_ever_later(store: Store, listener: Listener) -> None:
    listener.answers = [500, 302, 404]
    with serving(store, deliveries=QUICK) as url:
        hook(url, listener)
        rename(store, "A")
        tries = listener.wait(4)
        assert {one.path for one in tries} == {"/hook"}
        waits = [later.at - one.at for one, later in pairwise(tries)]
        assert waits[0] >= 0.05
        assert waits[1] >= 0.1
        assert waits[2] >= 0.2
        assert len({one.body for one in tries}) == 1
        made = recorded(url, "delivered")
        assert (made["attempts"], made["answer"]) == (4, 200)


def test_events_tell_whether_they_were_delivered(store: Store, listener: Listener) -> None:
    with serving(store, deliveries=MANUAL) as url, listening() as other:
        v1 = client(url).v1
        hook(url, listener)
        hook(url, other, "customer.updated")
        hook(url, "http://127.0.0.1:9/closed", "invoice.paid")

        def undelivered() -> dict[str, int]:
            page = v1.events.list({"delivery_success": False, "limit": 100})
            return {event.type: event.pending_webhooks for event in page}

        rename(store, "A")
        store.put(builders.invoice(id="in_a", customer="cus_a", created=T + 2))
        assert undelivered()["customer.updated"] == undelivered()["invoice.paid"] == 2
        listener.answers = [500, 200, 200, 200, 200]
        assert post(url, "deliver")["waiting"] == 2
        assert undelivered() == {"customer.updated": 1, "invoice.paid": 1}
        succeeded = v1.events.list({"delivery_success": True}).data
        assert {event.type for event in succeeded} >= {"customer.created", "invoice.created"}
        assert {event.pending_webhooks for event in succeeded} == {0}
        everything = v1.events.list().data
        assert len(everything) == len(succeeded) + 2
        identity = next(event.id for event in everything if event.type == "customer.updated")
        assert v1.events.retrieve(identity).pending_webhooks == 1
        post(url, "deliver")
        assert undelivered() == {"invoice.paid": 1}


def test_a_delivery_is_given_up_after_its_time(store: Store, listener: Listener) -> None:
    listener.answers = [500] * 9
    settings = Deliveries(first_retry=0.02, give_up=0.1, poll=0.005)
    with serving(store, deliveries=settings) as url:
        hook(url, listener)
        rename(store, "A")
        listener.wait(3)
        made = recorded(url, "failed")
        assert made["attempts"] == 3
        assert len(client(url).v1.events.list({"delivery_success": False}).data) == 1
        listener.answers = []
        assert post(url, "resend", event=made["event"]) == {"deliveries": 1}
        listener.wait(4)
        assert names(listener) == ["A"] * 4


def test_as_documented_retries_go_on_for_three_days() -> None:
    waits = [Deliveries().wait(number) for number in range(1, 20) if not Deliveries().over(number)]
    assert waits[:4] == [5, 10, 20, 40]
    assert 86_400 < sum(waits) <= 3 * 86_400


def test_while_a_secret_is_rolled_both_sign(store: Store, listener: Listener) -> None:
    with serving(store, deliveries=MANUAL) as url:
        made = hook(url, listener)
        new = post(url, "roll_secret", endpoint=made.id, expires_in=3600)["secret"]
        rename(store, "A")
        post(url, "deliver")
        assert listener.got[0].headers["stripe-signature"].count("v1=") == 2
        for secret in (made.secret or "", new):
            assert listener.got[0].verified(secret).type == "customer.updated"
        newest = post(url, "roll_secret", endpoint=made.id, expires_in=0)["secret"]
        rename(store, "B")
        post(url, "deliver")
        assert listener.got[1].headers["stripe-signature"].count("v1=") == 1
        assert listener.got[1].verified(newest)
        with pytest.raises(stripe.SignatureVerificationError):
            listener.got[1].verified(new)


def planned(kind: str, **about: Any) -> Faults:
    return Faults(seed=3, plan=(Fault(kind, **about),))


@contextmanager
def badly(
    store: Store, listener: Listener, kind: str, deliveries: Deliveries = QUICK, **about: Any
) -> Iterator[str]:
    """A sandbox whose deliveries to the listener have that fault."""
    with serving(store, deliveries=deliveries, faults=planned(kind, **about)) as url:
        hook(url, listener)
        yield url


def test_deliveries_are_duplicated(store: Store, listener: Listener) -> None:
    with badly(store, listener, "webhook_duplicated", path="customer.*", numbers=(2,)):
        rename(store, "A", "B", "C")
        listener.wait(4)
        assert names(listener) == ["A", "B", "B", "C"]
        assert len({one.event["id"] for one in listener.got}) == 3


def test_deliveries_are_overtaken(store: Store, listener: Listener) -> None:
    with badly(store, listener, "webhook_reordered", numbers=(1,), seconds=30):
        rename(store, "A", "B")
        listener.wait(2)
        assert names(listener) == ["B", "A"]
        stamps = {one.event["created"] for one in listener.got}
        assert stamps == {T + 1}


def test_an_overtaken_delivery_goes_out_even_if_no_other_comes(
    store: Store, listener: Listener
) -> None:
    with badly(store, listener, "webhook_reordered", numbers=(1,), seconds=0.1):
        rename(store, "A")
        listener.wait(1)


def test_deliveries_are_dropped_and_found_by_their_failure(
    store: Store, listener: Listener
) -> None:
    with badly(store, listener, "webhook_dropped", deliveries=MANUAL, numbers=(1, 3)) as url:
        rename(store, "A", "B", "C")
        assert post(url, "deliver") == {"delivered": 1}
        missed = client(url).v1.events.list({"delivery_success": False})
        assert {event.data.object["name"] for event in missed} == {"A", "C"}


def test_deliveries_are_late(store: Store, listener: Listener) -> None:
    with badly(store, listener, "webhook_late", numbers=(1,), seconds=1.0):
        rename(store, "A", "B")
        listener.wait(2)
        assert names(listener) == ["B", "A"]


def test_the_same_seed_gives_the_same_faults_of_deliveries() -> None:
    kinds = ("webhook_dropped", "webhook_duplicated", "webhook_reordered")

    def run(seed: int) -> list[str]:
        faults = Faults(seed=seed, plan=tuple(Fault(kind, probability=0.3) for kind in kinds))
        with Store() as store, listening() as to:
            store.put(builders.customer(id="cus_a", created=T))
            with serving(store, deliveries=MANUAL, faults=faults) as url:
                hook(url, to)
                rename(store, *(f"N{index}" for index in range(30)))
                post(url, "deliver")
            return names(to)

    once = run(1)
    assert once == run(1)
    assert once != run(2)
    assert once != sorted(once)
    assert len(set(once)) < min(30, len(once))


def test_faults_of_deliveries_leave_the_answers_alone(store: Store) -> None:
    faults = planned("webhook_dropped", path="*", numbers=(1,))
    assert not faults.any_answer
    with serving(store, faults=faults) as url:
        assert client(url).v1.customers.list().data


def test_a_connect_endpoint_gets_the_events_of_connected_accounts(
    tmp_path: Path, listener: Listener
) -> None:
    with several_accounts(tmp_path, deliveries=MANUAL) as local:
        for store in local.stores.values():
            store.put(builders.customer(id="cus_a", created=T))
        own = hook(local.url, f"{listener.url}/own")
        below = hook(local.url, f"{listener.url}/connect", connect=True)
        for account, store in local.stores.items():
            rename(store, account)
        assert post(local.url, "deliver") == {"delivered": 2}
        by_path = {one.path: one for one in listener.got}
        assert "account" not in by_path["/hook/own"].verified(own.secret or "")
        event = by_path["/hook/connect"].verified(below.secret or "")
        assert (event.account, event.data.object["name"]) == (ACCOUNTS[1], ACCOUNTS[1])
        assert list(check(by_path["/hook/connect"].event, stripe.Event, "event")) == []


def test_deliveries_are_of_the_mode_of_the_key_that_asked_for_them(
    store: Store, listener: Listener
) -> None:
    keys = [Key("sk_live_a")]
    with serving(store, deliveries=MANUAL, keys=keys) as url:
        live = client(url, "sk_live_a").v1.webhook_endpoints.create(
            {"url": f"{listener.url}/live", "enabled_events": ["*"]}
        )
        assert live.livemode
        hook(url, f"{listener.url}/test")
        rename(store, "A")
        post(url, "deliver")
        modes = {one.path: one.event["livemode"] for one in listener.got}
        assert modes == {"/hook/live": True, "/hook/test": False}
        inside = {one.event["data"]["object"]["livemode"] for one in listener.got}
        assert inside == {True, False}


def test_what_was_owed_is_delivered_after_a_restart(tmp_path: Path, listener: Listener) -> None:
    with Store(tmp_path / "s.db") as store:
        store.put(builders.customer(id="cus_a", created=T))
        with serving(store, deliveries=MANUAL) as url:
            hook(url, listener)
            rename(store, "A")
        rename(store, "while nobody served")
        with serving(store, deliveries=QUICK):
            listener.wait(2)
    assert names(listener) == ["A", "while nobody served"]


def test_what_comes_right_after_an_address_is_registered_is_delivered(
    store: Store, listener: Listener
) -> None:
    with serving(store, deliveries=Deliveries(poll=0.5)):
        registered(store, listener.url)  # before the sender has looked for an endpoint
        rename(store, "A")
        listener.wait(1)
    assert names(listener) == ["A"]


def test_the_command_registers_an_address_and_prints_its_secret(listener: Listener) -> None:
    command = [
        *(sys.executable, "-m", "orchestration.program", "sandbox", "--port", "0"),
        *("--customers", "3", "--webhook", listener.url),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout
        try:
            url = run.stdout.readline().split()[-1]
            secret = ""
            while not secret:
                secret = run.stdout.readline().rstrip().partition("WEBHOOK_SECRETS=")[2]
            client(url).v1.products.create({"name": "A"})
            (got,) = listener.wait(1)
            assert got.verified(secret).type == "product.created"
        finally:
            run.send_signal(signal.SIGTERM)
