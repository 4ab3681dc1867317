"""The sandbox over HTTP: Starlette and uvicorn on a loopback address.

Enters: a store for each account, the keys that are accepted, how it misbehaves. Leaves: a running
server. What it answers is `answering`'s concern.
"""

import signal
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TypedDict, Unpack

import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.routing import Route
from starlette.types import ASGIApp, Scope

from sandbox import control
from sandbox.accounts import Accounts
from sandbox.answering import METHODS, endpoint
from sandbox.endpoints.webhooks import registered
from sandbox.errors import StripeError
from sandbox.http import api
from sandbox.http.keys import Key, masked
from sandbox.misbehaviour.faults import NONE, Faults
from sandbox.misbehaviour.vanishing import delete
from sandbox.misbehaviour.wire import Misbehaving
from sandbox.population import Population, Progress, fill
from sandbox.storage.store import Store
from sandbox.webhooks import Deliveries
from sandbox.webhooks.sender import Sender

__all__ = ["HOST", "TEST_KEY", "OtherPopulation", "app", "masked", "populate", "run", "serving"]

TEST_KEY = "sk_test_sandbox"
HOST = "127.0.0.1"


class OtherPopulation(ValueError):
    """The file is another population's: nothing of it is touched."""


class NoAddress(Exception):
    """The port cannot be listened on."""


class Served(TypedDict, total=False):
    """What is served beside the first store, and how badly.

    `keys` are accepted beside `key`, which belongs to that store. `others` are the stores of
    further Stripe accounts (give a key of theirs: `Key(..., account=...)`), `connected` those of
    accounts that are reached by the first one's keys with the header `Stripe-Account`.
    With `faults` the answers are as unreliable as these say.
    """

    key: str
    keys: Sequence[Key]
    others: Sequence[Store]
    connected: Sequence[Store]
    faults: Faults


def app(store: Store, **served: Unpack[Served]) -> ASGIApp:
    """The ASGI application; every path is answered in Stripe's words.

    Webhooks are not delivered by the application alone: see `serving`.
    """
    return _application(_accounts(store, served), served.get("faults", NONE), None)


def _accounts(store: Store, served: Served) -> Accounts:
    keys = (Key(served.get("key", TEST_KEY)), *served.get("keys", ()))
    return Accounts(store, served.get("others", ()), served.get("connected", ()), keys)


def _application(accounts: Accounts, faults: Faults, sender: Sender | None) -> ASGIApp:
    answers = [*api.routes(), *accounts.routes(), ("/{path:path}", None)]
    routes = [
        *control.routes(accounts, sender),
        *(
            Route(path, endpoint(accounts, made, faults, sender), methods=METHODS)
            for path, made in answers
        ),
    ]
    served = Starlette(routes=routes)
    if not faults.any_answer:
        return served
    return Misbehaving(
        served, faults, partial(_delete, accounts), account=partial(_account, accounts)
    )


def _delete(accounts: Accounts, scope: Scope, last: str, which: str) -> None:
    with suppress(StripeError):  # who may not ask has seen no page
        delete(accounts.asked(Headers(scope=scope)).store, scope["path"], last, which)


def _account(accounts: Accounts, scope: Scope) -> str:
    """Whose limits a request counts for; no one's if it is refused anyway."""
    try:
        return accounts.asked(Headers(scope=scope)).store.account_id
    except StripeError:
        return ""


@contextmanager
def serving(
    store: Store,
    *,
    deliveries: Deliveries = Deliveries(),  # noqa: B008 - frozen
    host: str = HOST,
    port: int = 0,
    **served: Unpack[Served],
) -> Iterator[str]:
    """Serve from a thread; the base URL is given, and the server is gone afterwards.

    Webhooks are delivered meanwhile, from another thread, as `deliveries` says.
    """
    accounts, faults = _accounts(store, served), served.get("faults", NONE)
    with (
        Sender(accounts, deliveries, faults) as sender,
        closing(_listener(host, port)) as listener,
    ):
        server = uvicorn.Server(_config(_application(accounts, faults, sender)))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            yield f"http://{host}:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def run(  # noqa: PLR0913  one argument an option of the command
    *,
    customers: int | None,
    seed: int | None,
    now: int | None,
    path: Path | None = None,
    key: str = TEST_KEY,
    keys: Sequence[Key] = (),
    accounts: Mapping[str, str | None] = MappingProxyType({}),
    webhooks: Sequence[str] = (),
    faults: Faults = NONE,
    api_version: str | None = None,
    host: str = HOST,
    port: int = 0,
    on_ready: Callable[[str], None] = lambda _url: None,
    on_webhook: Callable[[str, str], None] = lambda _url, _secret: None,
    on_progress: Progress = lambda _done, _all: None,
) -> None:
    """Fill a store (unless its file holds just that population) and serve it until interrupted.

    `now` is in unix seconds. A `path` is kept and served again, none is a temporary file; what is
    None is as the file has it, else 2,000 customers, seed 1, this day's beginning.
    `accounts` are further ones by id, each as large and made from the next seed, with their own
    key, or None: connected to the first; their files are named after `path` and them.
    `api_version` is every account's from now on (see `Store.api_version`).
    `webhooks` are addresses that get every event of the first account from now on.
    `on_progress(done, all)` counts customers; `on_ready(base_url)` says that it serves,
    `on_webhook(address, secret)` what its deliveries are signed with.
    """
    for name in (signal.SIGTERM, signal.SIGINT):  # a shell's background jobs ignore SIGINT
        signal.signal(name, signal.default_int_handler)
    with suppress(KeyboardInterrupt), ExitStack() as stack:
        stores = [
            stack.enter_context(Store(_file(path, account), account_id=account))
            for account in (None, *accounts)
        ]
        for index, store in enumerate(stores):
            populate(store, wanted(store, index, customers, seed, now), on_progress)
            if api_version:
                store.api_version = api_version
        first, *more = stores
        own = [Key(secret, account=account) for account, secret in accounts.items() if secret]
        url = stack.enter_context(
            serving(
                first,
                key=key,
                keys=[*keys, *own],
                others=[one for one in more if accounts[one.account_id]],
                connected=[one for one in more if not accounts[one.account_id]],
                faults=faults,
                host=host,
                port=port,
            )
        )
        on_ready(url)
        for address in webhooks:
            on_webhook(address, registered(first, address))
        threading.Event().wait()


def wanted(
    store: Store, index: int, customers: int | None, seed: int | None, now: int | None
) -> Population:
    """Of the account with that place in the row, which has a seed of its own."""
    held = store.noted("population")
    default = Population.named(held) if held else Population(2000, 1 + index, _this_day())
    return Population(
        default.customers if customers is None else customers,
        default.seed if seed is None else seed + index,
        default.now if now is None else now,
    )


def _this_day() -> int:
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return int(midnight.timestamp())


def _file(path: Path | None, account: str | None) -> Path | None:
    return path.with_name(f"{path.stem}.{account}{path.suffix}") if path and account else path


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


def _listener(host: str, port: int) -> socket.socket:
    """Raises NoAddress where it cannot be listened on."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=512)
    except OSError as error:
        said = str(error.strerror or error).partition(" (")[0]  # Python repeats the address
        raise NoAddress(
            f"cannot listen on {host} port {port}: {said}; choose another --port"
        ) from None


def _config(application: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        application,
        lifespan="off",
        log_level="warning",
        access_log=False,
        date_header=False,  # answers have the time of their account
        timeout_graceful_shutdown=2,
    )
