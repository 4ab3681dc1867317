"""Keys of the sandbox: kinds, permissions of restricted ones, and the truth behind it all."""

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import stripe

from ingestion.stripe_api.client import Client
from ingestion.stripe_api.connection import Connection
from ingestion.stripe_api.permissions import check_permissions
from ingestion.stripe_api.refusals import PermissionMissing
from sandbox import builders
from sandbox.http.keys import Key
from sandbox.server import TEST_KEY, serving
from sandbox.shapes import ACCOUNT, API_VERSION, blank
from sandbox.storage.store import Store

T = 1_750_000_000
LIVE = Key("sk_live_sandbox")
NARROW = Key("rk_test_narrow_5678", reads=frozenset({"customers", "payment_methods"}))
WIDE = Key(
    "rk_live_wide_1234",
    reads=frozenset({"customers", "subscriptions", "invoices", "products", "prices", "coupons"}),
    writes=frozenset({"events", "payment_methods"}),
)


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    price = builders.price(id="price_a", unit_amount=500)
    items = [builders.item(price=price) for _ in range(11)]
    tiers = [builders.tier(up_to=None, unit_amount=8)]
    with Store() as made:
        made.put(price)
        made.put(builders.price(id="price_t", tiers=tiers))
        made.put(builders.customer(id="cus_a", name='"livemode":false'))
        made.put(builders.customer(id="cus_b"))
        made.put(builders.subscription(id="sub_a", customer="cus_a", items=items))
        made.put(builders.invoice(id="in_a", customer="cus_a", total=500))
        made.delete("customer", "cus_b", now=T)
        yield made


@pytest.fixture(scope="module")
def url(store: Store) -> Iterator[str]:
    with serving(store, keys=[LIVE, NARROW, WIDE]) as address:
        yield address


def client(url: str, key: str) -> stripe.StripeClient:
    return stripe.StripeClient(key, base_addresses={"api": url}, max_network_retries=0)


def test_livemode_follows_the_key(url: str) -> None:
    for key, live in ((TEST_KEY, False), (LIVE.secret, True), (WIDE.secret, True)):
        v1 = client(url, key).v1
        assert {one.livemode for one in v1.customers.list()} == {live}
        assert v1.customers.retrieve("cus_a").name == '"livemode":false'
        invoice = v1.invoices.retrieve("in_a")
        assert {invoice.livemode, *(line.livemode for line in invoice.lines)} == {live}
        events = [event.to_dict() for event in v1.events.list({"type": "invoice.created"})]
        assert [(e["livemode"], e["data"]["object"]["livemode"]) for e in events] == [(live, live)]


def test_a_restricted_key_reads_what_it_is_given(url: str) -> None:
    v1 = client(url, NARROW.secret).v1
    assert [one.id for one in v1.customers.list()] == ["cus_a"]
    assert v1.customers.payment_methods.list("cus_a").data == []
    wide = client(url, WIDE.secret).v1
    assert len(wide.subscription_items.list({"subscription": "sub_a", "limit": 100}).data) == 11
    assert wide.plans.retrieve("price_a").id == "price_a"
    assert wide.events.list({"limit": 1}).data


@pytest.mark.parametrize(
    ("path", "permission"),
    [
        ("subscriptions", "rak_subscription_read"),
        ("subscriptions/sub_a", "rak_subscription_read"),
        ("customers/cus_a/subscriptions", "rak_subscription_read"),
        ("customers/cus_a/sources", "rak_source_read"),
        ("subscription_items?subscription=sub_a", "rak_subscription_read"),
        ("invoices/in_a/lines", "rak_invoice_read"),
        ("prices", "rak_plan_read"),
        ("plans", "rak_plan_read"),
        ("events", "rak_event_read"),
        ("account", "rak_accounts_kyc_basic_read"),
    ],
)
def test_a_missing_permission_is_refused_as_stripe_refuses_it(
    url: str, path: str, permission: str
) -> None:
    answer = httpx.get(f"{url}/v1/{path}", headers={"Authorization": f"Bearer {NARROW.secret}"})
    error = answer.json()["error"]
    assert answer.status_code == 403
    assert (error["type"], error.get("code")) == ("invalid_request_error", None)
    assert f"'{permission}'" in error["message"]
    assert f"on account '{ACCOUNT}'" in error["message"]
    assert NARROW.secret not in answer.text
    assert "rk_test_*******5678" in error["message"]


def test_the_sdk_raises_its_permission_error(url: str) -> None:
    with pytest.raises(stripe.PermissionError) as caught:
        client(url, NARROW.secret).v1.invoices.list()
    assert caught.value.http_status == 403


def test_writing_needs_the_permission_to_write(url: str) -> None:
    for path, permission in (("customers", "rak_customer_write"), ("events", None)):
        answer = httpx.post(f"{url}/v1/{path}", headers={"Authorization": f"Bearer {WIDE.secret}"})
        message = answer.json()["error"]["message"]
        assert (answer.status_code == 403) == bool(permission), message
        assert permission is None or permission in message


def test_ingestion_names_every_permission_that_is_missing(url: str) -> None:
    async def ask() -> None:
        async with Client(Connection(NARROW.secret, url, API_VERSION)) as asked:
            await check_permissions(asked)

    missing = "Subscriptions, Invoices, Prices, Products, Coupons, Events"
    with pytest.raises(PermissionMissing, match=missing):
        asyncio.run(ask())


def test_a_permission_that_does_not_exist_is_refused_without_showing_the_key() -> None:
    with pytest.raises(ValueError, match="no permission for charges") as caught:
        Key("rk_test_secretsecret", reads=frozenset({"charges"}))
    assert "secretsecret" not in str(caught.value)
    with pytest.raises(ValueError, match="only rk_test_ and rk_live_"):
        Key("sk_test_secretsecret", reads=frozenset({"events"}))
    assert "secretsecret" not in repr(Key("sk_test_secretsecret"))


def test_permissions_are_for_the_account_that_is_served() -> None:
    assert blank("account")["id"] == ACCOUNT


def ask(url: str, key: str = TEST_KEY, **parameters: Any) -> httpx.Response:
    headers = {"Authorization": f"Bearer {key}"}
    return httpx.get(f"{url}/sandbox/truth", headers=headers, params=parameters)


def test_the_truth_is_everything_that_is_there_and_what_was_deleted(store: Store, url: str) -> None:
    truth = ask(url).json()
    assert truth == store.truth()
    objects, deleted = truth["objects"], truth["deleted"]
    assert len(objects["subscription"]["sub_a"]["items"]["data"]) == 11
    assert objects["price"]["price_t"]["tiers"][0]["unit_amount"] == 8
    assert objects["customer"].keys() == {"cus_a"}
    assert deleted["customer"].keys() == {"cus_b"}
    assert "event" not in objects


def test_the_truth_can_be_asked_for_some_kinds(store: Store, url: str) -> None:
    truth = ask(url, kind=["event", "customer"]).json()
    assert truth["objects"].keys() == {"event", "customer"}
    assert len(truth["objects"]["event"]) == store.count("event")
    refused = ask(url, kind="colour")
    assert refused.status_code == 400
    assert "no colour; there are customer" in refused.json()["error"]["message"]
    assert ask(url, key="sk_test_other").status_code == 401


def test_the_truth_is_no_part_of_stripes_interface(url: str) -> None:
    headers = {"Authorization": f"Bearer {TEST_KEY}"}
    assert httpx.get(f"{url}/v1/sandbox/truth", headers=headers).status_code == 404
    assert httpx.post(f"{url}/sandbox/truth", headers=headers).status_code in (404, 405)
