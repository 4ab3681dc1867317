"""One HTTP client for Stripe: the rate limit, the retries, the length of a page.

Enters: a path and parameters. Leaves: parsed JSON, or a refusal. Which objects are read is decided
elsewhere.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any, Self

import httpx
import orjson
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type
from tenacity.wait import wait_exponential_jitter

from ingestion.stripe_api.connection import Connection
from ingestion.stripe_api.rate_limit import Pace
from ingestion.stripe_api.refusals import StripeError, Temporary, raise_for_status, retry_after
from outgoing_http.answers import Answer, AnswerTooLong, AnswerTooSlow, NoAnswer, fetch
from outgoing_http.limits import MIB

# Many answers are here at once, each of them several times as long when it is parsed: after one
# that is longer, pages of its list have as many objects as make about this.
LONG_ANSWER = 4 * MIB
SLOW_ATTEMPTS = 3  # with an answer beyond its limits: it cost its whole time each time
# A server that has answered before is waited for; one that never has is told of within 15 seconds:
# these, and one more try to connect.
UNREACHED_SECONDS = 8.0
CONNECT_SECONDS = 5.0
OBJECTS_HAVE = {"object", "id", "data"}  # one of them at least

Parameters = Mapping[str, str | int | list[str]]


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
            headers=connection.headers(),
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
            retry=retry_if_exception_type(Temporary), stop=self._stop, wait=_wait, reraise=True
        )
        try:
            return await retrying(self._attempt, path, _query(parameters))
        except Temporary as error:
            times = retrying.statistics["attempt_number"]
            raise StripeError(f"{path}: {self._given_up(error, times)}") from None

    def _stop(self, state: RetryCallState) -> bool:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, Temporary) and error.limited:
            return (state.seconds_since_start or 0) >= self.connection.patience_seconds
        if not self._reached and (state.seconds_since_start or 0) >= UNREACHED_SECONDS:
            return True
        return state.attempt_number >= self._attempts(error)

    def _attempts(self, error: BaseException | None) -> int:
        fewer = error.attempts if isinstance(error, Temporary) else None
        return min(fewer or self.connection.attempts, self.connection.attempts)

    def _given_up(self, error: Temporary, times: int) -> str:
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
        raise_for_status(path, response)
        self._shorten(path, int(query.get("limit", 1)), len(response.content))
        self.date = _date(response)
        return _object(response)

    async def _answer(self, path: str, query: httpx.QueryParams) -> Answer:
        request = self._http.build_request("GET", path, params=query)
        try:
            return await fetch(self._http, request, self.connection.answers)
        except AnswerTooLong:
            raise  # so it would be again
        except AnswerTooSlow as error:
            raise Temporary(str(error), attempts=SLOW_ATTEMPTS) from None
        except NoAnswer as error:
            raise Temporary(str(error)) from None

    def _shorten(self, path: str, asked: int, length: int) -> None:
        if asked > 1 and length > LONG_ANSWER:
            fewer = max(asked * LONG_ANSWER // length, 1)
            self._shorter[path] = min(fewer, self._shorter.get(path, fewer))

    def _heed(self, path: str, response: Answer) -> None:
        """A limit that Stripe has set on one process holds for all of them."""
        seconds = retry_after(response) if response.status_code == 429 else None
        if seconds:
            reason = response.headers.get("Stripe-Rate-Limited-Reason", "")
            self._pacing.pause(path, seconds, reason=reason)

    @asynccontextmanager
    async def _pace(self, path: str) -> AsyncIterator[None]:
        await self._pacing.wait(path)
        async with self._slots:
            yield


def _object(response: Answer) -> dict[str, Any]:
    """What Stripe answered. Whatever is none of its objects came from somebody on the way."""
    try:
        found = orjson.loads(response.content)
    except orjson.JSONDecodeError as error:
        raise Temporary("the answer was cut short") from error
    if not isinstance(found, dict) or OBJECTS_HAVE.isdisjoint(found):
        raise Temporary("the answer is no object of Stripe's")
    return found


@cache
def _trusted() -> ssl.SSLContext:
    """Whom to trust: read once, since a resident process makes several clients a cycle."""
    return httpx.create_ssl_context()


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
    asked = error.wait if isinstance(error, Temporary) else None
    return asked if asked is not None else _BACKOFF(state)


_BACKOFF = wait_exponential_jitter(multiplier=0.5, max=30)


def _date(response: Answer) -> datetime | None:
    """What the answer's `Date` says; a server before Stripe may have put its own first."""
    try:
        said = parsedate_to_datetime(response.headers.get_list("Date")[-1])
    except (IndexError, ValueError):
        return None
    return said.astimezone(UTC).replace(tzinfo=None)
