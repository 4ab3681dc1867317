"""What the sandbox offers outside of Stripe's interface, under /sandbox.

Enters: the accounts that are served, who delivers their webhooks. Leaves: routes: the truth for
tests to compare with, the release of late events, deliveries on demand.
"""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.accounts import Accounts
from sandbox.errors import StripeError, missing
from sandbox.http import form
from sandbox.misbehaviour import feed
from sandbox.shapes import Json
from sandbox.storage import truth
from sandbox.storage.store import Store
from sandbox.webhooks import ledger, registry
from sandbox.webhooks.sender import Sender

Endpoint = Callable[[Request], Awaitable[Response]]
Answer = Callable[[Store, Request], Awaitable[Any]]


def routes(accounts: Accounts, sender: Sender | None) -> list[Route]:
    """`/sandbox/truth`, `/sandbox/release`, and what steers the deliveries."""

    def _answered(answer: Answer) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            try:
                store = accounts.asked(request.headers).store
                body = orjson.dumps(await answer(store, request))
                return Response(body, media_type="application/json")
            except StripeError as error:
                return Response(error.body(), error.status, media_type="application/json")

        return endpoint

    steered = _Steered(sender)
    return [
        Route(truth.PATH, _answered(_truth), methods=["GET"]),
        Route("/sandbox/release", _answered(_release), methods=["POST"]),
        Route("/sandbox/deliveries", _answered(_deliveries), methods=["GET"]),
        Route("/sandbox/deliver", _answered(steered.deliver), methods=["POST"]),
        Route("/sandbox/resend", _answered(steered.resend), methods=["POST"]),
        Route("/sandbox/roll_secret", _answered(steered.roll), methods=["POST"]),
    ]


async def _truth(store: Store, request: Request) -> Any:
    kinds = request.query_params.getlist("kind")
    try:
        return store.truth(kinds or truth.STATE)
    except ValueError as error:
        raise StripeError(str(error), param="kind") from None


async def _release(store: Store, _: Request) -> Any:
    feed.release(store)
    return {}


async def _deliveries(store: Store, _: Request) -> Any:
    """What was owed to endpoints for this account's events, and what came of it."""
    return {"deliveries": [one._asdict() for one in ledger.log(store)]}


class _Steered:
    """Deliveries on demand."""

    def __init__(self, sender: Sender | None) -> None:
        self._held = sender

    async def deliver(self, _store: Store, request: Request) -> Any:
        """One round for all accounts: everything that waits is sent once, now."""
        await _values(request, {})
        return dict(await self._sender().round())

    async def resend(self, store: Store, request: Request) -> Any:
        """An event once more, to one endpoint or to all that want its type."""
        values = await _values(request, {"event": form.text, "endpoint": form.text}, "event")
        count = self._sender().send_again(store, values["event"], values.get("endpoint"))
        if not count:
            raise missing("event", values["event"], param="event")
        return {"deliveries": count}

    async def roll(self, store: Store, request: Request) -> Any:
        """A new secret; the old one signs too for `expires_in` real seconds."""
        taken = {"endpoint": form.text, "expires_in": form.natural}
        values = await _values(request, taken, "endpoint")
        if store.get("webhook_endpoint", values["endpoint"]) is None:
            raise missing("webhook_endpoint", values["endpoint"], param="endpoint")
        until = self._sender().clock() + values.get("expires_in", 86_400)
        return {"secret": registry.roll(store, values["endpoint"], until)}

    def _sender(self) -> Sender:
        if self._held is None:
            raise StripeError("Nobody delivers: serve with sandbox.server.serving, not app alone.")
        return self._held


async def _values(request: Request, fields: form.Fields, *required: str) -> Json:
    pairs = parse_qsl((await request.body()).decode(), keep_blank_values=True)
    return form.read(form.tree([*request.query_params.multi_items(), *pairs]), fields, required)
