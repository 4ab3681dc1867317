"""A request becomes an answer: who asks, of which account, in which version and mode.

Enters: the accounts, one path's answer, the faults of the feed. Leaves: an endpoint for Starlette.
What is answered is `api`'s concern, what is changed that of `writing`.
"""

import itertools
from collections.abc import Awaitable, Callable, Mapping
from email.utils import formatdate
from functools import partial
from types import MappingProxyType
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response

from sandbox import clock
from sandbox.accounts import Accounts
from sandbox.endpoints import WRITES
from sandbox.errors import StripeError, unknown_url
from sandbox.http import api, writing
from sandbox.http.listing import Parameters
from sandbox.http.writing import Write, matched
from sandbox.misbehaviour.faults import Faults
from sandbox.misbehaviour.feed import Feed, LateFeed, Unlisted
from sandbox.misbehaviour.vanishing import now
from sandbox.shapes import API_VERSION
from sandbox.steering import CONTROLS
from sandbox.storage.reading import Reader
from sandbox.storage.store import Store
from sandbox.storage.versions import At, check
from sandbox.webhooks import registry
from sandbox.webhooks.sender import Sender
from sandbox.webhooks.watching import Watched

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
Endpoint = Callable[[Request], Awaitable[Response]]
_numbers = itertools.count(1)


def endpoint(
    accounts: Accounts, answer: api.Answer | None, faults: Faults, sender: Sender | None
) -> Endpoint:
    """One path; without an answer it is written to, or not known."""

    async def respond(request: Request) -> Response:
        version = API_VERSION
        try:
            key, store = accounts.asked(request.headers, request.url.path)
            version = check(request.headers.get("stripe-version") or store.api_version)
            key.check(request.method, request.url.path, store.account_id)
            write = matched((*WRITES, *CONTROLS), request.method, request.url.path)
            if sender:
                sender.before(request.url.path)
            if write:
                seen = _seen(store, version, None)
                made = await _written(store, seen, request, write, live=key.live)
                replayed = {"Idempotent-Replayed": "true"} if made.replayed else {}
                more = _dated(store) | replayed
                return _response(made.status, key.in_its_mode(made.body), version, more)
            if answer is None or request.method not in ("GET", "HEAD"):
                raise unknown_url(request.method, request.url.path)
            parameters = Parameters.read(request.query_params.multi_items())
            seen = _seen(store, version, _feed(store, faults), faults.unlisted)
            body = answer(seen, request.path_params.get("id", ""), parameters)
            return _response(200, key.in_its_mode(body), version, _dated(store))
        except StripeError as error:
            return _response(error.status, error.body(), version)

    return respond


def _feed(store: Store, faults: Faults) -> Feed | None:
    late = faults.late_events
    return Feed(late, seed=faults.seed, now=partial(now, store)) if late else None


async def _written(
    store: Store, seen: Reader, request: Request, found: tuple[Write, str], *, live: bool
) -> writing.Answer:
    body = (await request.body()).decode()
    pairs = request.query_params.multi_items() + parse_qsl(body, keep_blank_values=True)
    once = request.headers.get("idempotency-key") if request.method == "POST" else None
    return writing.answer(store, *found, pairs, once, seen, live)


def _seen(store: Store, version: str, feed: Feed | None, unlisted: tuple[str, ...] = ()) -> Reader:
    """The store as a request sees it; most often as it is."""
    held: Reader = LateFeed(store, feed) if feed else store
    held = Unlisted(held, unlisted) if unlisted else held
    held = Watched(held) if registry.known(store) else held
    return held if version == API_VERSION else At(held, version)


def _dated(store: Store) -> dict[str, str]:
    """Stripe tells its clock with every answer, and the sandbox has a clock of its own."""
    return {"Date": formatdate(clock.now(store), usegmt=True)}


def _response(
    status: int, body: bytes, version: str, more: Mapping[str, str] = MappingProxyType({})
) -> Response:
    headers = {
        "Request-Id": f"req_{next(_numbers):014x}",
        "Stripe-Version": version,
        "Content-Type": "application/json",
        **more,
    }
    return Response(body, status, headers)
