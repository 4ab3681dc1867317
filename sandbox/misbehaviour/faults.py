"""How the sandbox misbehaves: the settings, and which request gets which fault.

Enters: a plan (the 3rd request for a path) or probabilities, and a seed. Leaves: for a request
its faults, the same ones for the same requests. What a fault does is `misbehaving`'s concern,
which events are late is `feed`'s.
"""

import fnmatch
import hashlib
from collections import Counter
from dataclasses import dataclass, field

from sandbox.misbehaviour.limits import Limits

KINDS = {
    "rate_limit": "429 with Retry-After and Stripe-Rate-Limited-Reason",
    "lock_timeout": "429 with the code lock_timeout",
    "server_error": "500",
    "unavailable": "503",
    "reset": "the connection is reset before any answer",
    "truncated": "the connection ends in the middle of the answer's body",
    "slow": "the answer takes `seconds` more",
    "delete_last": "after the answer the last object of the page is deleted",
    "delete_next": "after the answer the object that would come next is deleted",
}
# Of deliveries; their `path` is the event's type, which may hold `*` too.
OF_DELIVERIES = {
    "webhook_duplicated": "delivered twice",
    "webhook_reordered": "overtaken by the endpoint's next delivery, if one comes in `seconds`",
    "webhook_dropped": "never delivered, as after days of failed attempts",
    "webhook_late": "delivered `seconds` later",
}


@dataclass(frozen=True)
class Fault:
    """One fault: of which requests (`path` and `method` may hold `*`), and how often.

    `numbers` counts the requests that it is about, from 1, those that it hits too; `probability`
    is drawn for each by the seed. One of them has to be said.
    """

    kind: str
    path: str = "*"
    method: str = "*"
    numbers: tuple[int, ...] = ()
    probability: float = 0.0
    seconds: float = 1.0  # of `slow`; of a `rate_limit` its Retry-After

    def __post_init__(self) -> None:
        if self.kind not in (*KINDS, *OF_DELIVERIES):
            known = ", ".join((*KINDS, *OF_DELIVERIES))
            raise ValueError(f"fault {self.kind!r}: there are {known}")
        if not 0 <= self.probability <= 1:
            raise ValueError(f"fault {self.kind}: probability {self.probability} is not 0 to 1")
        if bool(self.numbers) == bool(self.probability):
            raise ValueError(f"fault {self.kind}: give either numbers or a probability")


@dataclass(frozen=True)
class LateEvents:
    """Events that show up in the feed late, though they can be retrieved by id at once.

    `probability` says how many of those whose type is among `types` and whose object's id among
    `objects` (both with `*`); they show up `seconds` of the sandbox's time after they were made,
    without `seconds` when released.
    """

    probability: float = 1.0
    types: tuple[str, ...] = ("*",)
    objects: tuple[str, ...] = ("*",)
    seconds: int | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.probability <= 1:
            raise ValueError(f"late events: probability {self.probability} is not 0 to 1")


@dataclass(frozen=True)
class Faults:
    """All that can go wrong; as it stands nothing does. The same seed gives the same faults."""

    seed: int = 0
    latency: float = 0.0  # seconds before every answer
    latency_spread: float = 0.0  # up to so many seconds more, drawn by the seed
    plan: tuple[Fault, ...] = ()
    limits: Limits | None = None
    late_events: LateEvents | None = None
    unlisted: tuple[str, ...] = ()  # ids (with `*`) that no list shows; each can be read

    @property
    def any_answer(self) -> bool:
        """Whether answers differ from those of a sandbox that behaves (late events apart)."""
        return bool(self.latency or self.latency_spread or self.answers or self.limits)

    @property
    def answers(self) -> tuple[Fault, ...]:
        return tuple(fault for fault in self.plan if fault.kind in KINDS)

    @property
    def deliveries(self) -> tuple[Fault, ...]:
        return tuple(fault for fault in self.plan if fault.kind in OF_DELIVERIES)


NONE = Faults()


@dataclass
class Draws:
    """Which faults a request gets. A draw depends on the seed, the URL and how many times that
    URL was asked for: not on what other clients ask at the same time."""

    faults: Faults
    _seen: Counter[int] = field(default_factory=Counter)
    _asked: Counter[str] = field(default_factory=Counter)

    def next(self, method: str, path: str, query: str = "") -> list[Fault]:
        """The faults of one more request."""
        url = f"{method} {path}?{query}"
        if any(fault.probability for fault in self.faults.answers):
            self._asked[url] += 1
        return [
            fault
            for index, fault in enumerate(self.faults.answers)
            if _about(fault, method, path) and self._hits(index, fault, url)
        ]

    def latency(self, method: str, path: str, query: str = "") -> float:
        """Seconds before the answer."""
        spread = self.faults.latency_spread
        drawn = draw(self.faults.seed, f"latency {method} {path}?{query}") if spread else 0.0
        return self.faults.latency + spread * drawn

    def _hits(self, index: int, fault: Fault, url: str) -> bool:
        self._seen[index] += 1
        if fault.numbers:
            return self._seen[index] in fault.numbers
        drawn = draw(self.faults.seed, f"{index} {fault.kind} {url} {self._asked[url]}")
        return drawn < fault.probability


@dataclass
class DeliveryDraws:
    """Which faults a delivery gets; drawn by the seed, the event and the endpoint."""

    faults: Faults
    _seen: Counter[int] = field(default_factory=Counter)

    def next(self, event: str, type_: str, endpoint: str) -> dict[str, Fault]:
        """The faults of one more delivery, by kind."""
        result = {}
        for index, fault in enumerate(self.faults.deliveries):
            if not fnmatch.fnmatchcase(type_, fault.path):
                continue
            self._seen[index] += 1
            drawn = draw(self.faults.seed, f"{index} {fault.kind} {event} {endpoint}")
            if self._seen[index] in fault.numbers or drawn < fault.probability:
                result[fault.kind] = fault
        return result


def _about(fault: Fault, method: str, path: str) -> bool:
    return fnmatch.fnmatchcase(path, fault.path) and fnmatch.fnmatchcase(method, fault.method)


def draw(seed: int, what: str) -> float:
    """A number from 0 to 1 (never 1) that is the same whenever it is asked for."""
    digest = hashlib.blake2b(f"{seed} {what}".encode(), digest_size=8).digest()
    return (int.from_bytes(digest) >> 11) / (1 << 53)
