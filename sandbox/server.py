"""The sandbox over HTTP: Starlette and uvicorn on a loopback address.

Enters: a store and the key that is accepted. Leaves: a running server. Keys are checked here;
what is answered is `api`'s concern.
"""

import base64
import binascii
import hmac
import itertools
import signal
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import parse_qsl

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox import api, writing
from sandbox.controls import CONTROLS
from sandbox.endpoints import WRITES
from sandbox.errors import StripeError, unknown_url
from sandbox.listing import Parameters
from sandbox.population import Population, Progress, fill
from sandbox.shapes import API_VERSION
from sandbox.store import Store
from sandbox.writing import Write, matched

TEST_KEY = "sk_test_sandbox"
HOST = "127.0.0.1"
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
_numbers = itertools.count(1)


class OtherPopulation(ValueError):
    """The file is another population's: nothing of it is touched."""


def app(store: Store, *, key: str = TEST_KEY) -> Starlette:
    """The ASGI application; every path is answered in Stripe's words."""
    answers = [*api.routes(), ("/{path:path}", None)]
    routes = [
        Route(path, _endpoint(store, key, answer), methods=METHODS) for path, answer in answers
    ]
    return Starlette(routes=routes)


@contextmanager
def serving(store: Store, *, key: str = TEST_KEY, host: str = HOST, port: int = 0) -> Iterator[str]:
    """Serve from a thread; the base URL is given, and the server is gone afterwards."""
    listener = _listener(host, port)
    server = uvicorn.Server(_config(app(store, key=key)))
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
    host: str = HOST,
    port: int = 0,
    on_ready: Callable[[str], None] = lambda _url: None,
    on_progress: Progress = lambda _done, _all: None,
) -> None:
    """Fill a store (unless its file holds just that population) and serve it until interrupted.

    `now` is in unix seconds; a `path` is kept and served again, none is a temporary file.
    `on_progress(done, all)` counts customers; `on_ready(base_url)` says that it serves.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with suppress(KeyboardInterrupt), Store(path) as store:
        populate(store, Population(customers, seed, now), on_progress)
        with serving(store, key=key, host=host, port=port) as url:
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
    store: Store, key: str, answer: api.Answer | None
) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            _check_key(request.headers.get("authorization", ""), key)
            _check_version(request.headers.get("stripe-version", API_VERSION))
            write = matched((*WRITES, *CONTROLS), request.method, request.url.path)
            if write:
                return await _written(store, request, *write)
            if answer is None or request.method not in ("GET", "HEAD"):
                raise unknown_url(request.method, request.url.path)
            parameters = Parameters.read(request.query_params.multi_items())
            body = answer(store, request.path_params.get("id", ""), parameters)
            return _response(200, body)
        except StripeError as error:
            return _response(error.status, error.body())

    return endpoint


async def _written(store: Store, request: Request, write: Write, identity: str) -> Response:
    body = (await request.body()).decode()
    pairs = request.query_params.multi_items() + parse_qsl(body, keep_blank_values=True)
    key = request.headers.get("idempotency-key") if request.method == "POST" else None
    made = writing.answer(store, write, identity, pairs, key)
    response = _response(made.status, made.body)
    if made.replayed:
        response.headers["Idempotent-Replayed"] = "true"
    return response


def _response(status: int, body: bytes) -> Response:
    headers = {
        "Request-Id": f"req_{next(_numbers):014x}",
        "Stripe-Version": API_VERSION,
        "Content-Type": "application/json",
    }
    return Response(body, status, headers)


def _check_key(authorization: str, key: str) -> None:
    given = _key(authorization)
    if not given:
        raise StripeError(
            "You did not provide an API key. You need to provide your API key in the Authorization"
            " header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').",
            status=401,
        )
    if not hmac.compare_digest(given.encode(), key.encode()):
        raise StripeError(f"Invalid API Key provided: {masked(given)}", status=401)


def _key(authorization: str) -> str:
    """Bearer, or the user name of basic authentication, as Stripe takes both."""
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(value).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return ""


def masked(key: str) -> str:
    """A key's kind and last characters: enough to recognise it, never to use it."""
    start = next((p for p in ("sk_test_", "sk_live_", "rk_test_", "rk_live_") if key[:8] == p), "")
    shown = key[-4:] if len(key) - len(start) > 8 else ""
    return f"{start}{'*' * max(4, len(key) - len(start) - len(shown))}{shown}"


def _check_version(version: str) -> None:
    if version != API_VERSION:
        raise StripeError(
            f"Invalid Stripe API version: {version}. The sandbox serves {API_VERSION} alone."
        )


def _listener(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=512)


def _config(application: Starlette) -> uvicorn.Config:
    return uvicorn.Config(
        application,
        lifespan="off",
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=2,
    )
