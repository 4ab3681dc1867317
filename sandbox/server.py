"""The sandbox over HTTP: Starlette and uvicorn on a loopback address.

Enters: a store, the keys that are accepted, how it misbehaves. Leaves: a running server. What is
answered is `api`'s concern; here it is decided who asks, and in which version and mode.
"""

import itertools
import signal
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from types import MappingProxyType
from urllib.parse import parse_qsl

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from sandbox import api, control, writing
from sandbox.endpoints import WRITES
from sandbox.errors import StripeError, unknown_url
from sandbox.faults import NONE, Faults
from sandbox.feed import Feed, LateFeed
from sandbox.keys import Key, asking, masked
from sandbox.listing import Parameters
from sandbox.misbehaving import Misbehaving
from sandbox.population import Population, Progress, fill
from sandbox.reading import Reader
from sandbox.shapes import API_VERSION
from sandbox.steering import CONTROLS
from sandbox.store import Store
from sandbox.vanishing import delete, now
from sandbox.versions import At, check
from sandbox.writing import Write, matched

__all__ = ["HOST", "TEST_KEY", "OtherPopulation", "app", "masked", "populate", "run", "serving"]

TEST_KEY = "sk_test_sandbox"
HOST = "127.0.0.1"
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
_numbers = itertools.count(1)


class OtherPopulation(ValueError):
    """The file is another population's: nothing of it is touched."""


def app(
    store: Store, *, key: str = TEST_KEY, keys: Sequence[Key] = (), faults: Faults = NONE
) -> ASGIApp:
    """The ASGI application; every path is answered in Stripe's words.

    `keys` are accepted beside `key`; with `faults` the answers are as unreliable as these say.
    """
    accepted, feed = (Key(key), *keys), _feed(store, faults)
    answers = [*api.routes(), ("/{path:path}", None)]
    routes = [
        *control.routes(store, accepted),
        *(
            Route(path, _endpoint(store, accepted, answer, feed), methods=METHODS)
            for path, answer in answers
        ),
    ]
    served = Starlette(routes=routes)
    return Misbehaving(served, faults, partial(delete, store)) if faults.any_answer else served


def _feed(store: Store, faults: Faults) -> Feed | None:
    late = faults.late_events
    return Feed(late, seed=faults.seed, now=partial(now, store)) if late else None


@contextmanager
def serving(  # noqa: PLR0913
    store: Store,
    *,
    key: str = TEST_KEY,
    keys: Sequence[Key] = (),
    faults: Faults = NONE,
    host: str = HOST,
    port: int = 0,
) -> Iterator[str]:
    """Serve from a thread; the base URL is given, and the server is gone afterwards."""
    listener = _listener(host, port)
    server = uvicorn.Server(_config(app(store, key=key, keys=keys, faults=faults)))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield f"http://{host}:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


def run(  # noqa: PLR0913  one argument an option of the command
    *,
    customers: int,
    seed: int,
    now: int,
    path: Path | None = None,
    key: str = TEST_KEY,
    keys: Sequence[Key] = (),
    faults: Faults = NONE,
    api_version: str | None = None,
    host: str = HOST,
    port: int = 0,
    on_ready: Callable[[str], None] = lambda _url: None,
    on_progress: Progress = lambda _done, _all: None,
) -> None:
    """Fill a store (unless its file holds just that population) and serve it until interrupted.

    `now` is in unix seconds; a `path` is kept and served again, none is a temporary file.
    `api_version` is the account's from now on (see `Store.api_version`).
    `on_progress(done, all)` counts customers; `on_ready(base_url)` says that it serves.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with suppress(KeyboardInterrupt), Store(path) as store:
        populate(store, Population(customers, seed, now), on_progress)
        if api_version:
            store.api_version = api_version
        with serving(store, key=key, keys=keys, faults=faults, host=host, port=port) as url:
            on_ready(url)
            threading.Event().wait()


def populate(
    store: Store, wanted: Population, on_progress: Progress = lambda _done, _all: None
) -> None:
    """Fill an empty store; a full one must hold what is asked for."""
    held = store.noted("population")
    if held is None:
        fill(store, wanted, on_progress)
    elif held != wanted.name:
        raise OtherPopulation(
            f"{store.path} holds {held}; asked for {wanted.name}. Ask for the same, or give"
            " another file."
        )


def _endpoint(
    store: Store, keys: Sequence[Key], answer: api.Answer | None, feed: Feed | None
) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        version = API_VERSION
        try:
            key = asking(request.headers.get("authorization", ""), keys)
            version = check(request.headers.get("stripe-version") or store.api_version)
            key.check(request.method, request.url.path)
            write = matched((*WRITES, *CONTROLS), request.method, request.url.path)
            if write:
                made = await _written(store, _seen(store, version, None), request, *write)
                replayed = {"Idempotent-Replayed": "true"} if made.replayed else {}
                return _response(made.status, key.in_its_mode(made.body), version, replayed)
            if answer is None or request.method not in ("GET", "HEAD"):
                raise unknown_url(request.method, request.url.path)
            parameters = Parameters.read(request.query_params.multi_items())
            body = answer(
                _seen(store, version, feed), request.path_params.get("id", ""), parameters
            )
            return _response(200, key.in_its_mode(body), version)
        except StripeError as error:
            return _response(error.status, error.body(), version)

    return endpoint


async def _written(
    store: Store, seen: Reader, request: Request, write: Write, identity: str
) -> writing.Answer:
    body = (await request.body()).decode()
    pairs = request.query_params.multi_items() + parse_qsl(body, keep_blank_values=True)
    once = request.headers.get("idempotency-key") if request.method == "POST" else None
    return writing.answer(store, write, identity, pairs, once, seen)


def _seen(store: Store, version: str, feed: Feed | None) -> Reader:
    """The store as a request sees it; most often as it is."""
    held: Reader = LateFeed(store, feed) if feed else store
    return held if version == API_VERSION else At(held, version)


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


def _listener(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=512)


def _config(application: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        application,
        lifespan="off",
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=2,
    )
