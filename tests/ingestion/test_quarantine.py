"""An object that fits no known shape is kept out by name; the others of its page go on."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson
import pytest
from local_stripe import NOW, LocalStripe
from starlette.types import ASGIApp, Receive, Scope, Send

from benchmarks.observers import served
from ingestion.inbox.events_db import Inbox
from sandbox import builders
from sandbox.http.keys import ACCOUNT
from sandbox.server import app

KEPT_OUT = "select stream, object_id, path from stripe.quarantine where cleared_at is null"


@dataclass
class Spoiling(LocalStripe):
    """A Stripe whose subscriptions can have a shape of tomorrow."""

    fields: dict[str, dict[str, Any]]


@pytest.fixture
def stripe(local_stripe: LocalStripe) -> Iterator[Spoiling]:
    price = builders.price(id="price_monthly", unit_amount=5000)
    for made in (builders.product(id="prod_test"), price):
        local_stripe.store.put(made)
    for number in (1, 2):
        local_stripe.store.put(builders.customer(id=f"cus_{number}", created=NOW))
        local_stripe.store.put(
            builders.subscription(
                id=f"sub_{number}",
                customer=f"cus_{number}",
                items=[builders.item(price=price)],
                created=NOW,
            )
        )
    fields: dict[str, dict[str, Any]] = {}
    with served(_spoiling(app(local_stripe.store), fields)) as url:
        yield Spoiling(local_stripe.store, url, local_stripe.folder, fields)


def _spoiling(sandbox: ASGIApp, fields: dict[str, dict[str, Any]]) -> ASGIApp:
    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        held: list[Any] = []

        async def hold(message: Any) -> None:
            held.append(message)

        await sandbox(scope, receive, hold)
        start, body = held[0], b"".join(message.get("body", b"") for message in held[1:])
        if scope["path"].startswith("/v1/subscriptions"):
            found = orjson.loads(body)
            for one in found.get("data", [found]):
                one.update(fields.get(one.get("id"), {}))
            body = orjson.dumps(found)
        kept = [(name, value) for name, value in start["headers"] if name != b"content-length"]
        length = (b"content-length", str(len(body)).encode())
        await send({**start, "headers": [*kept, length]})
        await send({"type": "http.response.body", "body": body})

    return answer


def spoil(stripe: Spoiling, subscription: str, **fields: Any) -> None:
    stripe.fields[subscription] = fields


def test_object_without_a_required_value_is_kept_out_and_the_others_go_on(
    stripe: Spoiling,
) -> None:
    spoil(stripe, "sub_1", customer=None)
    stripe.load()
    assert stripe.query("select id from stripe.subscriptions") == [("sub_2",)]
    assert stripe.query("select subscription_id from stripe.subscription_items") == [("sub_2",)]
    assert stripe.query(KEPT_OUT) == [("subscriptions", "sub_1", "object.customer")]


def test_last_good_row_stays_until_a_later_read_is_good_again(stripe: Spoiling) -> None:
    stripe.load()
    stripe.store.update("subscription", "sub_1", {"status": "past_due"}, now=NOW + 1)
    spoil(stripe, "sub_1", start_date={"year": 2030})
    stripe.load()
    status = "select status from stripe.subscriptions where id = 'sub_1'"
    assert stripe.query(status) == [("active",)]
    assert stripe.query(KEPT_OUT) == [("subscriptions", "sub_1", "object.start_date")]
    current = (
        "select count(*) from stripe.subscription_items join stripe.subscriptions"
        " on subscriptions.id = subscription_id"
        " and subscriptions.read_at = subscription_items.read_at"
    )
    assert stripe.query(current) == [(2,)]
    spoil(stripe, "sub_1", start_date=NOW)
    stripe.load()  # its event is within the overlap, and read already: nothing new to do
    stripe.store.update("subscription", "sub_1", {"description": "mended"}, now=NOW + 2)
    stripe.load()
    assert stripe.query(status) == [("past_due",)]
    assert stripe.query(KEPT_OUT) == []
    assert stripe.query("select object_id, path from stripe.quarantine") == [
        ("sub_1", "object.start_date")
    ]


def test_full_read_clears_what_has_become_good_and_buries_nothing_that_is_kept_out(
    stripe: Spoiling,
) -> None:
    stripe.load()
    spoil(stripe, "sub_1", currency=7)
    spoil(stripe, "sub_2", currency=7)
    stripe.load(full=True)
    assert len(stripe.query(KEPT_OUT)) == 2
    spoil(stripe, "sub_1", currency="usd")
    stripe.load(full=True)
    assert stripe.query(KEPT_OUT) == [("subscriptions", "sub_2", "object.currency")]
    assert stripe.query("select id, deleted_at from stripe.subscriptions order by 1") == [
        ("sub_1", None),
        ("sub_2", None),
    ]


def test_problem_names_object_and_path_but_no_value(stripe: Spoiling) -> None:
    spoil(stripe, "sub_1", start_date={"who": "Ada Lovelace"})
    stripe.load()
    ((problem,),) = stripe.query("select problem from stripe.quarantine")
    assert "sub_1: object.start_date is no timestamp" in problem
    assert "Lovelace" not in problem


def test_inbox_tells_what_is_kept_out(stripe: Spoiling) -> None:
    spoil(stripe, "sub_1", customer=None)
    stripe.load()
    with Inbox.open(stripe.paths.inbox) as inbox:
        assert inbox.quarantined(ACCOUNT) == ["subscriptions sub_1: object.customer"]
