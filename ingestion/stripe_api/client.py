"""One HTTP client for Stripe: the pinned version, the rate limit, the retries, the error texts.

Enters: a path and parameters. Leaves: parsed JSON. Which objects are read is decided elsewhere.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import httpx
import orjson
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type
from tenacity.wait import wait_exponential_jitter

from ingestion.stripe_api.rate_limit import Pace, shared_folder
from outgoing_http import (
    ACCEPTED,
    MIB,
    Answer,
    AnswerLimits,
    AnswerTooLong,
    AnswerTooSlow,
    NoAnswer,
    fetch,
    scrubbed,
)

# 16 MiB hold the largest object that Stripe may send: an invoice with ten lines, and on each line
# and its price 50 metadata values of 500 characters, every one escaped. A page of a hundred such
# objects does not fit: shorter pages are asked for then. 80 s is what Stripe's own SDK waits.
LIMITS = AnswerLimits(size=16 * MIB, seconds=80)
SLOW_ATTEMPTS = 3  # with an answer beyond its limits: it cost its whole time each time
# A server that has answered before is waited for; one that never has is told of within 15 seconds:
# these, and one more try to connect.
UNREACHED_SECONDS = 8.0
CONNECT_SECONDS = 5.0
SHOWN = 300  # characters of what Stripe says about a refusal
LOOPBACK = ("127.0.0.1", "localhost", "::1")

Parameters = Mapping[str, str | int | list[str]]


class StripeError(Exception):
    """Stripe refused a request, or could not be reached; the text names the remedy, and no secret:
    a server can repeat what it was sent."""

    def __init__(self, text: str) -> None:
        super().__init__(scrubbed(text))


class Refused(StripeError):
    """Stripe has answered, and will not give this: to ask again at once would change nothing."""


class PermissionMissing(Refused):
    """The key is valid and does not cover this endpoint."""


class NotFound(StripeError):
    """Stripe does not know the id."""


class _Temporary(Exception):
    """Worth another attempt, after `wait` seconds if Stripe said so."""

    def __init__(
        self,
        reason: str,
        *,
        wait: float | None = None,
        limited: bool = False,
        attempts: int | None = None,
    ) -> None:
        super().__init__(reason)
        self.wait = wait
        self.limited = limited
        self.attempts = attempts


@dataclass(frozen=True)
class Connection:
    """How one Stripe account is reached.

    `stripe_account_id`: which account this must be, where the settings say so. `connected`: that
    account is read with the platform's key. `requests_per_second` is for one endpoint; None: no
    limit. Who shares the files below `limits` and the key shares the rate.
    """

    api_key: str
    api_base: str
    api_version: str
    stripe_account_id: str | None = None
    connected: bool = False
    requests_per_second: float | None = None
    concurrency: int = 20
    attempts: int = 8
    patience_seconds: float = 600  # with a rate limit, which is no failure
    answers: AnswerLimits = LIMITS
    limits: Path = field(default_factory=shared_folder)

    @property
    def on_loopback(self) -> bool:
        return urlsplit(self.api_base).hostname in LOOPBACK

    @property
    def mode(self) -> str:
        """As the key says it: live or test."""
        return "live" if "_live_" in self.api_key else "test"

    def __repr__(self) -> str:
        return f"Connection(api_base={self.api_base!r}, api_version={self.api_version!r})"


class Client:
    """Reads JSON from Stripe; use as `async with`. Its limiters belong to one event loop."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._pacing = Pace(
            server=f"{connection.api_base} {connection.api_key}",
            per_second=connection.requests_per_second,
            folder=connection.limits,
        )
        self._slots = asyncio.Semaphore(connection.concurrency)
        self._reached = False
        self._shorter: dict[str, int] = {}  # how many objects a page may have, by path
        self.date: datetime | None = None  # Stripe's clock (naive UTC) when it answered last
        self._http = httpx.AsyncClient(
            base_url=connection.api_base,
            headers=_headers(connection),
            timeout=httpx.Timeout(80, connect=CONNECT_SECONDS),
            limits=httpx.Limits(max_connections=connection.concurrency),
            verify=_trusted(),
            trust_env=not connection.on_loopback,  # a proxy leads away from this machine
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def get(self, path: str, parameters: Parameters | None = None) -> Any:
        """The parsed answer; a page too long to be held has fewer objects than asked for.

        Raises PermissionMissing, NotFound, StripeError.
        """
        asked = dict(parameters or {})
        while True:
            if path in self._shorter:
                asked["limit"] = self._shorter[path]
            try:
                return await self._retried(path, asked)
            except AnswerTooLong as error:
                half = int(str(asked.get("limit", 1))) // 2
                if not half:
                    raise StripeError(f"{path}: {error}; check STRIPE_API_BASE") from None
                self._shorter[path] = half

    async def _retried(self, path: str, parameters: Parameters) -> Any:
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(_Temporary), stop=self._stop, wait=_wait, reraise=True
        )
        try:
            return await retrying(self._attempt, path, _query(parameters))
        except _Temporary as error:
            times = retrying.statistics["attempt_number"]
            raise StripeError(f"{path}: {self._given_up(error, times)}") from None

    def _stop(self, state: RetryCallState) -> bool:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, _Temporary) and error.limited:
            return (state.seconds_since_start or 0) >= self.connection.patience_seconds
        if not self._reached and (state.seconds_since_start or 0) >= UNREACHED_SECONDS:
            return True
        return state.attempt_number >= self._attempts(error)

    def _attempts(self, error: BaseException | None) -> int:
        fewer = error.attempts if isinstance(error, _Temporary) else None
        return min(fewer or self.connection.attempts, self.connection.attempts)

    def _given_up(self, error: _Temporary, times: int) -> str:
        if error.limited:
            return "Stripe limits the requests for too long; lower STRIPE_REQUESTS_PER_SECOND"
        return (
            f"{error} at {self.connection.api_base}, {times} times;"
            " check STRIPE_API_BASE and the network, then run it again"
        )

    async def _attempt(self, path: str, query: httpx.QueryParams) -> Any:
        async with self._pace(path):
            response = await self._answer(path, query)
        self._reached = True
        self._heed(path, response)
        _raise_for_status(path, response)
        self.date = _date(response)
        try:
            return orjson.loads(response.content)
        except orjson.JSONDecodeError as error:
            raise _Temporary("the answer was cut short") from error

    async def _answer(self, path: str, query: httpx.QueryParams) -> Answer:
        request = self._http.build_request("GET", path, params=query)
        try:
            return await fetch(self._http, request, self.connection.answers)
        except AnswerTooLong:
            raise  # so it would be again
        except AnswerTooSlow as error:
            raise _Temporary(str(error), attempts=SLOW_ATTEMPTS) from None
        except NoAnswer as error:
            raise _Temporary(str(error)) from None

    def _heed(self, path: str, response: Answer) -> None:
        """A limit that Stripe has set on one process holds for all of them."""
        seconds = _retry_after(response) if response.status_code == 429 else None
        if seconds:
            reason = response.headers.get("Stripe-Rate-Limited-Reason", "")
            self._pacing.pause(path, seconds, reason=reason)

    @asynccontextmanager
    async def _pace(self, path: str) -> AsyncIterator[None]:
        await self._pacing.wait(path)
        async with self._slots:
            yield


@cache
def _trusted() -> ssl.SSLContext:
    """Whom to trust: read once, since a resident process makes several clients a cycle."""
    return httpx.create_ssl_context()


def _headers(connection: Connection) -> dict[str, str]:
    headers = {
        **ACCEPTED,
        "Authorization": f"Bearer {connection.api_key}",
        "Stripe-Version": connection.api_version,
        "User-Agent": "stripe-traits",
    }
    if connection.connected and connection.stripe_account_id:
        headers["Stripe-Account"] = connection.stripe_account_id
    return headers


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


def _raise_for_status(path: str, response: Answer) -> None:
    status = response.status_code
    if status == 200:
        return
    if status == 401:
        # Stripe's own text repeats part of the key.
        raise StripeError("Stripe does not accept the key (401): set a valid one in STRIPE_API_KEY")
    if status == 403 and _error(response).get("code") == "account_invalid":
        raise StripeError(
            "the first key in STRIPE_API_KEY may not read a connected account (403): connect it at"
            " Stripe, or take it out of STRIPE_CONNECTED_ACCOUNTS"
        )
    if status == 403:
        raise PermissionMissing(f"{path}: the key lacks the permission to read this (403)")
    if status in (400, 404) and _error(response).get("code") == "resource_missing":
        raise NotFound(f"{path}: Stripe does not know this object ({status})")
    if status in (409, 429) or status >= 500:
        wait = _retry_after(response)
        raise _Temporary(f"HTTP {status}", wait=wait, limited=status == 429)
    error = _error(response)
    said = f"{error.get('message', 'no explanation')} (parameter {error.get('param')})"[:SHOWN]
    raise Refused(f"{path}: HTTP {status}: {said}; check STRIPE_API_BASE")


def _date(response: Answer) -> datetime | None:
    """What the answer's `Date` says; a server before Stripe may have put its own first."""
    try:
        said = parsedate_to_datetime(response.headers.get_list("Date")[-1])
    except (IndexError, ValueError):
        return None
    return said.astimezone(UTC).replace(tzinfo=None)


def _retry_after(response: Answer) -> float | None:
    try:
        return min(float(response.headers["Retry-After"]), 60.0)
    except (KeyError, ValueError):
        return None


def _error(response: Answer) -> dict[str, Any]:
    """Stripe's error object; empty where something else than Stripe has answered."""
    try:
        error = orjson.loads(response.content)["error"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return {}
    return error if isinstance(error, dict) else {}
