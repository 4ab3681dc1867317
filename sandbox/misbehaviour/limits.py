"""Stripe's limiters: so many requests a second for one endpoint and in all, so many at once.

Enters: limits, the requests as they begin and end, a clock in seconds. Leaves: why a request is
turned away, and after how many seconds another one would be let through.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

Clock = Callable[[], float]


@dataclass(frozen=True)
class Limits:
    """Requests a second; None is no limit. What is not said is what Stripe documents."""

    live: float | None = 100
    test: float | None = 25
    per_endpoint: float | None = 25
    at_once: int | None = None  # Stripe has such a limit and does not say which
    at_once_per_endpoint: int | None = None
    retry_after: bool = True  # Stripe's documentation does not promise this header

    def __post_init__(self) -> None:
        for name in ("live", "test", "per_endpoint", "at_once", "at_once_per_endpoint"):
            value = getattr(self, name)
            if value is not None and value <= 0:
                raise ValueError(f"limits.{name} is {value}: give a positive number, or None")


@dataclass(frozen=True)
class Refusal:
    reason: str  # as Stripe-Rate-Limited-Reason names it
    retry_after: int  # whole seconds


class Bucket:
    """A second's worth of requests, filled again as time goes by."""

    def __init__(self, rate: float, now: float) -> None:
        self._rate, self._most = rate, max(1.0, rate)
        self._held, self._at = self._most, now

    def wait(self, now: float) -> float:
        """Seconds until a request is let through; 0 is now."""
        self._held = min(self._most, self._held + (now - self._at) * self._rate)
        self._at = now
        return max(0.0, (1 - self._held) / self._rate)

    def take(self) -> None:
        self._held -= 1


class Limiter:
    """The limiters of one account; live and test requests are counted apart."""

    def __init__(self, limits: Limits, clock: Clock) -> None:
        self._limits, self._clock = limits, clock
        self._buckets: dict[tuple[bool, str], Bucket] = {}
        self._running: dict[tuple[bool, str], int] = {}

    def begin(self, endpoint: str, *, live: bool) -> Refusal | None:
        """Count a request in, or say why not; one that is counted in has to `end`."""
        limits, now = self._limits, self._clock()
        rates = (("", limits.live if live else limits.test), (endpoint, limits.per_endpoint))
        buckets = [(n, self._bucket((live, n), rate, now)) for n, rate in rates if rate is not None]
        for name, most in (("", limits.at_once), (endpoint, limits.at_once_per_endpoint)):
            if most is not None and self._running.get((live, name), 0) >= most:
                return Refusal(f"{_scope(name)}-concurrency", 1)
        for name, bucket in buckets:
            wait = bucket.wait(now)
            if wait:
                return Refusal(f"{_scope(name)}-rate", max(1, math.ceil(wait)))
        for _, bucket in buckets:
            bucket.take()
        for name in ("", endpoint):
            self._running[live, name] = self._running.get((live, name), 0) + 1
        return None

    def end(self, endpoint: str, *, live: bool) -> None:
        for name in ("", endpoint):
            self._running[live, name] -= 1

    def _bucket(self, name: tuple[bool, str], rate: float, now: float) -> Bucket:
        if name not in self._buckets:
            self._buckets[name] = Bucket(rate, now)
        return self._buckets[name]


class Limiters:
    """One limiter an account."""

    def __init__(self, limits: Limits, clock: Clock) -> None:
        self._limits, self._clock = limits, clock
        self._held: dict[str, Limiter] = {}

    def of(self, account: str) -> Limiter:
        if account not in self._held:
            self._held[account] = Limiter(self._limits, self._clock)
        return self._held[account]


def _scope(name: str) -> str:
    return "endpoint" if name else "global"


def endpoint(method: str, path: str) -> str:
    """One named operation: every id of `/v1/customers/{id}` counts for the same endpoint."""
    segments = path.strip("/").split("/")
    if len(segments) > 2:
        segments[2] = "{id}"
    return f"{method} /{'/'.join(segments)}"
