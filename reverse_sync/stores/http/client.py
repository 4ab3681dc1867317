"""One HTTP client for the account stores: the rate budget, the retries, the error texts.

Enters: a request. Leaves: its answer, where the store gave one about the request itself (2xx, most
of 4xx). Everything else is raised. Which accounts a request is about is not known here.

A wait for the rate limit is not an attempt: it ends with NotNow only past a run's patience.
"""

import time
from collections.abc import Callable, Collection, Mapping
from threading import Event
from typing import NoReturn

import httpx
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt
from tenacity.wait import wait_exponential_jitter

from outgoing_http.answers import Answer, NoAnswer
from outgoing_http.blocking import BlockingClient
from outgoing_http.limits import MIB, AnswerLimits
from outgoing_http.rate_budget import BudgetSpent, RateBudget
from outgoing_http.rate_limit_headers import remaining, seconds_asked
from outgoing_http.secrets import hide, scrubbed
from reverse_sync.stores.account_store import (
    AccountStoreError,
    InvalidAccountStoreUrl,
    NotNow,
    Refusal,
)
from reverse_sync.stores.http.address import Address

TIMEOUT = httpx.Timeout(30.0, connect=10.0)
# The longest answer is a page of a hundred accounts at Vitally, with all traits that everybody
# keeps there. Eight may be on their way at once.
LIMITS = AnswerLimits(size=16 * MIB, seconds=30)
ATTEMPTS = 4
BACKOFF = wait_exponential_jitter(multiplier=0.25, max=5.0)
PATIENCE = 300.0  # seconds that a run waits for a rate limit, at once
UNSAID = 2.0  # seconds to wait after a 429 that does not say how long
BODY_SHOWN = 300

AWAY = (502, 503, 504)
AGAIN = (408, 425)

Headers = Callable[[], Mapping[str, str]]


class Unanswered(Exception):
    """No answer about this request after all attempts; the store may or may not have taken it.

    `away`: it looks as if the store were down, not as if this request were at fault.
    """

    def __init__(self, reason: str, *, away: bool, code: str | None, body: str | None) -> None:
        super().__init__(reason)
        self.away = away
        self.code = code
        self.body = body


class HttpClient:
    """Sends to one store; threads may share it. `stopping` ends every wait of theirs."""

    def __init__(
        self,
        address: Address,
        *,
        secret: str,
        budget: RateBudget,
        auth: tuple[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.address = address
        self.stopping = Event()
        hide([secret])
        self._budget = budget
        self._http = BlockingClient(
            auth=auth,
            timeout=TIMEOUT,
            follow_redirects=False,  # it would carry the accounts to a host that nobody named
            trust_env=not address.on_loopback,  # a proxy leads away from this machine
            headers={"User-Agent": "stripe-traits", **(headers or {})},
        )

    def close(self) -> None:
        self._http.close()

    def reachable(self) -> None:
        """Raises AccountStoreError unless something answers at the address."""
        try:
            self._http.fetch("HEAD", self.address.url, LIMITS)
        except NoAnswer as error:
            raise self.gone(f"it cannot be reached ({error})") from None

    def send(
        self,
        method: str,
        path: str = "",
        *,
        content: bytes | None = None,
        headers: Headers = dict,
        params: Mapping[str, str] | None = None,
    ) -> Answer:
        """The answer, 2xx or 4xx. `headers` is called for each attempt, a signature dates it.

        Raises Unanswered, NotNow, and AccountStoreError where no request at all can pass.
        """
        retrying = Retrying(
            retry=retry_if_exception_type(Unanswered),
            stop=stop_after_attempt(ATTEMPTS),
            wait=BACKOFF,
            sleep=self._sleep,
            reraise=True,
        )

        def attempt() -> Answer:
            return self._within_budget(
                lambda: self._http.fetch(
                    method,
                    self.address.url + path,
                    LIMITS,
                    content=content,
                    headers={"Content-Type": "application/json", **headers()},
                    params=params,
                )
            )

        return retrying(attempt)

    def gone(self, what: str) -> AccountStoreError:
        """The complaint about a store that cannot be used now."""
        return AccountStoreError(
            f"account store {self.address.label}: {what}. "
            "Nothing is lost: the next sync goes on where this one stopped"
        )

    def body(self, response: Answer) -> str:
        """The beginning of an answer as one line, without the secret."""
        return " ".join(scrubbed(response.text).split())[:BODY_SHOWN]

    def refusal(self, response: Answer, who: str, *, later: Collection[int]) -> Refusal:
        """That `who` answered with a failure, or refused. `later`: statuses that may pass."""
        status = response.status_code
        return Refusal(
            reason=f"{who} refused it (HTTP {status})",
            code=str(status),
            body=self.body(response),
            permanent=status not in later,
        )

    def _within_budget(self, request: Callable[[], Answer]) -> Answer:
        """One attempt, repeated for as long as the store only asks for a wait."""
        began = time.monotonic()
        while True:
            try:
                self._budget.wait(patience=PATIENCE, sleep=self._sleep)
            except BudgetSpent as spent:
                raise self._not_now(spent.seconds) from None
            asked = self._once(request)
            if isinstance(asked, Answer):
                return asked
            self._budget.pause(asked)
            if time.monotonic() - began > PATIENCE:
                raise self._not_now(asked)

    def _once(self, request: Callable[[], Answer]) -> Answer | float:
        """The answer, or the seconds that the store asks to wait."""
        try:
            response = request()
        except NoAnswer as error:
            raise Unanswered(str(error), away=True, code=error.kind, body=None) from None
        status, asked = response.status_code, self._learn(response)
        if status == 429 or (status == 503 and asked is not None):
            return UNSAID if asked is None else asked
        if status in AGAIN or status >= 500:
            body = self.body(response)
            raise Unanswered(f"HTTP {status}", away=status in AWAY, code=str(status), body=body)
        if status in (401, 403) or not (200 <= status < 300 or status >= 400):
            self._refuse_all(status)
        return response

    def _learn(self, response: Answer) -> float | None:
        """Takes over what the store says about its limit; the seconds that it asks to wait."""
        asked, left = seconds_asked(response.headers, now=time.time()), remaining(response.headers)
        if left is not None:
            self._budget.lower(left)
            if left < 1 and asked is not None:
                self._budget.pause(asked)
        return asked

    def _refuse_all(self, status: int) -> NoReturn:
        if status in (401, 403):
            raise self.gone(f"it does not accept ACCOUNT_STORE_SECRET ({status}); set a valid one")
        raise self.gone(
            f"it answers with a redirect ({status}), which is never followed; "
            "set ACCOUNT_STORE_URL to the final address"
        )

    def _not_now(self, seconds: float) -> NotNow:
        return NotNow(
            f"account store {self.address.label}: its rate limit asks for a wait of "
            f"{seconds:.0f} s; the rest stays pending, the next sync sends it",
            seconds=seconds,
        )

    def _sleep(self, seconds: float) -> None:
        if self.stopping.wait(seconds):
            raise self.gone("the delivery was stopped")


def checked_secret(secret: str | None, *, what: str) -> str:
    """ACCOUNT_STORE_SECRET, which must be there and fit into a header."""
    if not secret:
        raise InvalidAccountStoreUrl(f"ACCOUNT_STORE_SECRET is not set: set it to {what}")
    if not (secret.isascii() and secret.isprintable()) or " " in secret:
        raise InvalidAccountStoreUrl(
            "ACCOUNT_STORE_SECRET holds a blank, a line end or a letter beyond ASCII: copy it again"
        )
    return secret
