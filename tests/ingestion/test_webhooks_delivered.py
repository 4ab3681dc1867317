"""From a change at the sandbox, over its own signed deliveries, to the tables."""

import socket
import time
from collections.abc import Callable
from pathlib import Path

import stripe
from local_stripe import LocalStripe
from webhook_receiver import receiving

from sandbox.misbehaviour.faults import Fault, Faults
from sandbox.server import TEST_KEY, serving
from sandbox.storage.store import Store
from sandbox.webhooks.settings import Deliveries

TROUBLE = (
    Fault("webhook_duplicated", probability=0.3),
    Fault("webhook_reordered", probability=0.3, seconds=0.2),
    Fault("webhook_late", probability=0.2, seconds=0.3),
)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def eventually(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.05)


def test_sandboxs_deliveries_arrive_and_a_secret_is_rolled(tmp_path: Path) -> None:
    port = free_port()
    retries = Deliveries(first_retry=0.05)
    with (
        Store(tmp_path / "sandbox.db") as store,
        serving(store, faults=Faults(seed=5, plan=TROUBLE), deliveries=retries) as url,
    ):
        local = LocalStripe(store, url, tmp_path)
        local.load()
        client = stripe.StripeClient(TEST_KEY, base_addresses={"api": url})
        endpoint = client.v1.webhook_endpoints.create(
            {
                "url": f"http://127.0.0.1:{port}/webhooks",
                "enabled_events": ["*"],
                "api_version": "2025-03-31.basil",
            }
        )
        # Both secrets sign until the old one is over: whoever has either goes on receiving.
        client.raw_request("post", "/sandbox/roll_secret", endpoint=endpoint.id)
        secret = str(endpoint.secret)
        with receiving(tmp_path, url, port=port, STRIPE_WEBHOOK_SECRETS=secret) as receiver:
            for number in range(10):
                client.v1.customers.create({"name": f"Customer {number}"})
            told = {event["id"] for event in store.objects("event")}
            eventually(lambda: told <= receiver.logged())
            assert local.load().objects["customers"] == 10
            _, said = receiver.stop()
        assert f"webhook endpoint {endpoint.id} sends version 2025-03-31.basil" in said
    assert local.query("select count(*) from stripe.customers") == [(10,)]
