"""What the sandbox offers outside of Stripe's interface, under /sandbox.

Enters: a store and the keys that are accepted. Leaves: routes: the truth for tests to compare
with, and the release of late events.
"""

from collections.abc import Awaitable, Callable, Sequence

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox import feed, truth
from sandbox.errors import StripeError
from sandbox.keys import Key, asking
from sandbox.store import Store

Endpoint = Callable[[Request], Awaitable[Response]]


def routes(store: Store, keys: Sequence[Key]) -> list[Route]:
    """`GET /sandbox/truth[?kind=...]`, `POST /sandbox/release`."""

    def _truth(request: Request) -> bytes:
        kinds = request.query_params.getlist("kind")
        try:
            return orjson.dumps(store.truth(kinds or truth.STATE))
        except ValueError as error:
            raise StripeError(str(error), param="kind") from None

    def _release(_request: Request) -> bytes:
        feed.release(store)
        return b"{}"

    def _answered(answer: Callable[[Request], bytes]) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            try:
                asking(request.headers.get("authorization", ""), keys)
                return Response(answer(request), media_type="application/json")
            except StripeError as error:
                return Response(error.body(), error.status, media_type="application/json")

        return endpoint

    return [
        Route(truth.PATH, _answered(_truth), methods=["GET"]),
        Route("/sandbox/release", _answered(_release), methods=["POST"]),
    ]
