"""What comes with 200 and is none of Stripe's objects: asked for again, and never taken for one."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from local_stripe import NOW, LocalStripe
from odd_stripe import BODIES
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from tenacity import wait_fixed

from benchmarks.observers import served
from ingestion.stripe_api import client
from ingestion.stripe_api.refusals import StripeError
from sandbox import builders
from sandbox.server import app

pytestmark = pytest.mark.long

ODD = [body for status, body in BODIES.values() if status == 200]


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "_BACKOFF", wait_fixed(0.01))


@contextmanager
def odd_at_first(stripe: LocalStripe, body: bytes, times: int) -> Iterator[LocalStripe]:
    """Each path answers so for the first times that it is asked."""
    sound: ASGIApp = app(stripe.store)
    asked: Counter[str] = Counter()

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        asked[scope["path"]] += 1
        is_odd = asked[scope["path"]] <= times
        await (Response(body) if is_odd else sound)(scope, receive, send)

    with served(answer) as url:
        yield LocalStripe(stripe.store, url, stripe.folder)


def rename(stripe: LocalStripe, name: str, moment: int) -> None:
    stripe.store.put(builders.customer(id="cus_1", name=name, created=NOW), now=moment)


@pytest.mark.parametrize("body", ODD)
def test_odd_answer_is_asked_for_again(local_stripe: LocalStripe, body: bytes) -> None:
    rename(local_stripe, "Before", NOW)
    with odd_at_first(local_stripe, body, 1) as stripe:
        stripe.load()
        rename(local_stripe, "After", NOW + 9_000)
    with odd_at_first(local_stripe, body, 1) as stripe:
        stripe.load()
    assert local_stripe.query("select name from stripe.customers") == [("After",)]


@pytest.mark.parametrize("body", ODD)
def test_odd_answers_alone_fail_the_load_and_lose_nothing(
    local_stripe: LocalStripe, body: bytes
) -> None:
    rename(local_stripe, "Before", NOW)
    local_stripe.load()
    rename(local_stripe, "After", NOW + 9_000)
    with (
        odd_at_first(local_stripe, body, 1_000) as stripe,
        pytest.raises(StripeError, match=r"/v1/.*: .* check STRIPE_API_BASE"),
    ):
        stripe.load()
    local_stripe.load()
    assert local_stripe.query("select name from stripe.customers") == [("After",)]
