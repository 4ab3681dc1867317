"""Writing with older versions, restricted and live keys: the answers are what reading gives."""

import pytest
import stripe

from sandbox import clock
from sandbox.http.keys import Key
from sandbox.server import TEST_KEY, serving
from sandbox.storage.store import Store

T = 1_790_000_000
READER = "rk_test_reader0000000001"
LIVE = "sk_live_sandbox000000001"


def client(url: str, key: str = TEST_KEY, version: str | None = None) -> stripe.StripeClient:
    return stripe.StripeClient(
        key, base_addresses={"api": url}, max_network_retries=0, stripe_version=version
    )


def test_an_answer_to_a_write_has_the_version_of_the_request() -> None:
    with Store() as store:
        clock.put(store, T)
        with serving(store) as url:
            old = client(url, version="2022-11-15").v1
            price = old.prices.create({
                "currency": "usd", "unit_amount": 500, "recurring": {"interval": "month"},
                "product_data": {"name": "Seats"},
            })  # fmt: skip
            customer = old.customers.create({"payment_method": "pm_card_visa"})
            made = old.subscriptions.create(
                {"customer": customer.id, "items": [{"price": price.id}]}
            )
            read = old.subscriptions.retrieve(made.id)
            assert made.to_dict() == read.to_dict()
            assert made["current_period_start"] == T
            assert made.last_response is not None
            assert made.last_response.headers["Stripe-Version"] == "2022-11-15"


def test_events_of_writes_have_the_version_of_the_account() -> None:
    with Store() as store:
        store.api_version = "2022-11-15"
        clock.put(store, T)
        with serving(store) as url:
            now = client(url).v1
            price = now.prices.create({
                "currency": "usd", "unit_amount": 500, "recurring": {"interval": "month"},
                "product_data": {"name": "Seats"},
            })  # fmt: skip
            customer = now.customers.create({"payment_method": "pm_card_chargeCustomerFail"})
            now.subscriptions.create({"customer": customer.id, "items": [{"price": price.id}]})
        events = list(store.objects("event"))
        failed = [e for e in events if e["type"] == "invoice.payment_failed"]
        assert failed
        assert {e["api_version"] for e in events} == {"2022-11-15"}
        assert "subscription" in failed[0]["data"]["object"]


def test_keys_keep_what_they_may_do_and_their_mode() -> None:
    keys = (Key(READER, reads=frozenset({"customers"})), Key(LIVE))
    with Store() as store, serving(store, keys=keys) as url:
        with pytest.raises(stripe.PermissionError):
            client(url, READER).v1.customers.create({"name": "A"})
        assert store.count("customer") == 0
        assert client(url, LIVE).v1.customers.create({"name": "A"}).livemode is True
