"""What the sandbox offers outside of Stripe's interface, under /sandbox.

Enters: the accounts that are served. Leaves: routes: the truth for tests to compare
with, and the release of late events.
"""

from collections.abc import Awaitable, Callable

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox import feed, truth
from sandbox.accounts import Accounts
from sandbox.errors import StripeError
from sandbox.store import Store

Endpoint = Callable[[Request], Awaitable[Response]]


def routes(accounts: Accounts) -> list[Route]:
    """`GET /sandbox/truth[?kind=...]`, `POST /sandbox/release`."""

    def _truth(store: Store, request: Request) -> bytes:
        kinds = request.query_params.getlist("kind")
        try:
            return orjson.dumps(store.truth(kinds or truth.STATE))
        except ValueError as error:
            raise StripeError(str(error), param="kind") from None

    def _release(store: Store, _request: Request) -> bytes:
        feed.release(store)
        return b"{}"

    def _answered(answer: Callable[[Store, Request], bytes]) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            try:
                store = accounts.asked(request.headers).store
                return Response(answer(store, request), media_type="application/json")
            except StripeError as error:
                return Response(error.body(), error.status, media_type="application/json")

        return endpoint

    return [
        Route(truth.PATH, _answered(_truth), methods=["GET"]),
        Route("/sandbox/release", _answered(_release), methods=["POST"]),
    ]
