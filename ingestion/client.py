"""One HTTP client for Stripe: the pinned version, the rate limit, the retries, the error texts.

Enters: a path and parameters. Leaves: parsed JSON. Which objects are read is decided elsewhere.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Self

import httpx
import orjson
from aiolimiter import AsyncLimiter
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_attempt
from tenacity.wait import wait_exponential_jitter

Parameters = Mapping[str, str | int | list[str]]


class StripeError(Exception):
    """Stripe refused a request, or could not be reached; the text names the remedy."""


class PermissionMissing(StripeError):
    """The key is valid and does not cover this endpoint."""


class NotFound(StripeError):
    """Stripe does not know the id."""


class _Temporary(Exception):
    """Worth another attempt, after `wait` seconds if Stripe said so."""

    def __init__(self, reason: str, wait: float | None = None) -> None:
        super().__init__(reason)
        self.wait = wait


@dataclass(frozen=True)
class Connection:
    """How Stripe is reached. `requests_per_second` is for one endpoint; None: no limit."""

    api_key: str
    api_base: str
    api_version: str
    requests_per_second: float | None = None
    concurrency: int = 20
    attempts: int = 6

    def __repr__(self) -> str:
        return f"Connection(api_base={self.api_base!r}, api_version={self.api_version!r})"


class Client:
    """Reads JSON from Stripe; use as `async with`. Its limiters belong to one event loop."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.requests = 0
        self._limiters: dict[str, AsyncLimiter] = {}
        self._slots = asyncio.Semaphore(connection.concurrency)
        self._http = httpx.AsyncClient(
            base_url=connection.api_base,
            headers={
                "Authorization": f"Bearer {connection.api_key}",
                "Stripe-Version": connection.api_version,
                "User-Agent": "stripe-traits",
            },
            timeout=httpx.Timeout(80, connect=10),
            limits=httpx.Limits(max_connections=connection.concurrency),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def get(self, path: str, parameters: Parameters | None = None) -> Any:
        """The parsed answer. Raises PermissionMissing, NotFound, StripeError."""
        retrying = AsyncRetrying(
            retry=retry_if_exception_type((_Temporary, httpx.TransportError)),
            stop=stop_after_attempt(self.connection.attempts),
            wait=_wait,
            reraise=True,
        )
        try:
            return await retrying(self._attempt, path, _query(parameters or {}))
        except (_Temporary, httpx.TransportError) as error:
            raise StripeError(
                f"{path}: no answer from {self.connection.api_base} after"
                f" {self.connection.attempts} attempts ({error or type(error).__name__});"
                " check STRIPE_API_BASE and the network, then run it again"
            ) from None

    async def _attempt(self, path: str, query: httpx.QueryParams) -> Any:
        async with self._pace(path):
            self.requests += 1
            response = await self._http.get(path, params=query)
        _raise_for_status(path, response)
        try:
            return orjson.loads(response.content)
        except orjson.JSONDecodeError as error:
            raise _Temporary("the answer was cut short") from error

    @asynccontextmanager
    async def _pace(self, path: str) -> AsyncIterator[None]:
        rate = self.connection.requests_per_second
        if rate is not None:
            endpoint = "/".join(path.split("/")[:3])
            limiter = self._limiters.setdefault(endpoint, AsyncLimiter(1, 1 / rate))
            await limiter.acquire()
        async with self._slots:
            yield


def _query(parameters: Parameters) -> httpx.QueryParams:
    return httpx.QueryParams(list(_pairs(parameters)))


def _pairs(parameters: Parameters) -> Iterator[tuple[str, str | int | float | bool | None]]:
    for name, value in parameters.items():
        if isinstance(value, list):
            yield from ((f"{name}[]", element) for element in value)
        else:
            yield name, str(value)


def _wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    asked = error.wait if isinstance(error, _Temporary) else None
    return asked if asked is not None else _BACKOFF(state)


_BACKOFF = wait_exponential_jitter(multiplier=0.5, max=30)


def _raise_for_status(path: str, response: httpx.Response) -> None:
    status = response.status_code
    if status == 200:
        return
    if status == 401:
        # Stripe's own text repeats part of the key.
        raise StripeError("Stripe does not accept the key (401): set a valid one in STRIPE_API_KEY")
    if status == 403:
        raise PermissionMissing(f"{path}: the key lacks the permission to read this (403)")
    if status == 404:
        raise NotFound(f"{path}: Stripe does not know this object (404)")
    if status in (409, 429) or status >= 500:
        raise _Temporary(f"HTTP {status}", _retry_after(response))
    raise StripeError(f"{path}: HTTP {status}: {_message(response)}")


def _retry_after(response: httpx.Response) -> float | None:
    try:
        return min(float(response.headers["Retry-After"]), 60.0)
    except (KeyError, ValueError):
        return None


def _message(response: httpx.Response) -> str:
    try:
        error = orjson.loads(response.content)["error"]
        return f"{error.get('message')} (parameter {error.get('param')})"
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return "no explanation given; check STRIPE_API_BASE"
