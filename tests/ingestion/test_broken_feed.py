"""The poll of a feed with what no rule knows in it: that is set aside, the others go on."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import orjson
import pytest
from local_stripe import NOW, LocalStripe, local_stripe
from misshapen_events import misshapen_events
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from benchmarks.observers import served
from ingestion.inbox.cursors import BROKEN_FEED, CURSOR
from ingestion.inbox.events_db import Inbox
from sandbox import builders
from sandbox.server import app

pytestmark = pytest.mark.long

__all__ = ["local_stripe"]

Spoil = Callable[[Any], Any]


def spoiled(sound: ASGIApp, spoil: list[Spoil]) -> ASGIApp:
    """The sandbox, the pages of whose feed are changed on their way."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] != "/v1/events" or not spoil:
            await sound(scope, receive, send)
            return
        parts: list[Any] = []

        async def keep(message: Any) -> None:
            parts.append(message)

        await sound(scope, receive, keep)
        body = b"".join(part.get("body", b"") for part in parts)
        wants_more = b"types" in Request(scope).url.query.encode()
        page = spoil[0](orjson.loads(body)) if wants_more else orjson.loads(body)
        date = next(value for name, value in parts[0]["headers"] if name.lower() == b"date")
        headers = {"Content-Type": "application/json", "Date": date.decode()}
        await Response(json.dumps(page), headers=headers)(scope, receive, send)

    return answer


@contextmanager
def spoiling(stripe: LocalStripe, spoil: list[Spoil]) -> Iterator[LocalStripe]:
    with served(spoiled(app(stripe.store), spoil)) as url:
        yield LocalStripe(stripe.store, url, stripe.folder)


def put(stripe: LocalStripe, name: str, number: int) -> None:
    made = builders.customer(id="cus_1", name=name, created=NOW)
    stripe.store.put(made, now=NOW + number)


def test_misshapen_events_are_noted_and_the_others_go_on(local_stripe: LocalStripe) -> None:
    spoil: list[Spoil] = []
    with spoiling(local_stripe, spoil) as stripe:
        put(stripe, "Before", 0)
        stripe.load()
        wrong = [one for one in misshapen_events() if "previous" not in one]
        spoil.append(lambda page: {**page, "data": [*wrong, *page["data"], None, "text"]})
        put(stripe, "After", 1)
        stripe.load()
        stripe.load()
    assert stripe.query("select name from stripe.customers") == [("After",)]
    with Inbox.open(stripe.paths.inbox, read_only=True) as inbox:
        assert inbox.refused()["misshapen"] == len(wrong)
        said = [what for _, _, what in inbox.history(9) if "cannot be read" in what]
    assert len(said) == 1  # once, however often the feed shows them
    assert "evt_100: its data.object has no id" in said[0]


@pytest.mark.parametrize(
    "broken", [{"data": None}, {"data": [], "has_more": True}, {"data": [{}], "has_more": True}]
)
def test_broken_page_keeps_the_cursor_and_loses_nothing(
    local_stripe: LocalStripe, broken: dict[str, Any]
) -> None:
    spoil: list[Spoil] = []
    with spoiling(local_stripe, spoil) as stripe:
        put(stripe, "Before", 0)
        stripe.load()
        with Inbox.open(stripe.paths.inbox) as inbox:
            (account,) = inbox.accounts()
            cursor = inbox.position(account, CURSOR)
        put(stripe, "After", 9_000)
        spoil.append(lambda page: {**page, **broken})
        stripe.load()
        with Inbox.open(stripe.paths.inbox) as inbox:
            assert inbox.position(account, CURSOR) == cursor
            assert "/v1/events: " in (inbox.position(account, BROKEN_FEED) or "")
        spoil.clear()
        stripe.load()
    assert stripe.query("select name from stripe.customers") == [("After",)]
    with Inbox.open(stripe.paths.inbox) as inbox:
        assert inbox.position(account, BROKEN_FEED) == ""
