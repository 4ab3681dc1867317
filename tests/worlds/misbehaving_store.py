"""An account store that misbehaves at random, and keeps a record of what it took.

Enters: a store that behaves, dice, which kinds of misbehaviour are switched on. Leaves: the same
accounts, and an `Arrival` for each change of an account that reached it.
"""

import random
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote

from target_servers import FakeVitally, Receiver, Reply, Request, TargetServer

PROBABILITY, RARELY = 0.08, 0.02  # of each kind, for each request
PATIENCE = 5.0  # of who sends, in seconds; `stage_process` sees to it
LATE = "an answer too late, after applying"
# Instead of serving the request.
REFUSALS = {
    "429": Reply(429, {"error": "slow down"}, {"Retry-After": "0.05"}),
    "500": Reply(500, {"error": "broken"}),
    "503": Reply(503, "down for maintenance"),
    "413": Reply(413, {"error": "too large"}),
    "connection dropped": Reply(reset=True),
}
# After it was served.
ANSWERS = {
    "connection dropped after applying": Reply(reset=True),
    "500 after applying": Reply(500, {"error": "broken"}),
    "HTML after applying": Reply(200, "<html>welcome</html>"),
    "half an answer after applying": Reply(200, {"results": []}, half=True),
    LATE: Reply(200, slow=PATIENCE + 1),
}
SLOW, PART, PART_FOR_GOOD = "slow", "a part taken", "a part refused for good"
PARTS = (PART, PART_FOR_GOOD)
ALONE = (*REFUSALS, *ANSWERS, SLOW)  # of a request about one account
IN_LISTS = (*ALONE, *PARTS)
SECONDS = 0.2


@dataclass(frozen=True)
class Arrival:
    """A change of an account that reached the store in a delivery: whether it was taken, whether
    that changed anything, and whether the sender could read that it was taken."""

    delivery: int
    account: str
    taken: bool
    changed: bool
    answered: bool


class MisbehavingStore(TargetServer):
    """`behaved` is the store; `delivery` the number of the delivery under way."""

    def __init__(self, behaved: Receiver | FakeVitally) -> None:
        super().__init__()
        self.behaved = behaved
        self.begin(0, ())

    def begin(self, seed: int, kinds: Collection[str], accounts: Any = None) -> None:
        """Another history, with these accounts in the store."""
        self._dice, self.kinds = random.Random(seed), tuple(kinds)
        self.behaved.accounts = deepcopy(accounts or {})
        self.arrivals: list[Arrival] = []
        self.counts: Counter[str] = Counter()
        self.delivery = 0
        self._after, self._then = 0, no_more

    def when_answered(self, times: int, then: Callable[[], None]) -> None:
        """Once, as soon as so many requests are answered with 2xx from now on."""
        with self.lock:
            self._after, self._then = times, then

    def sent(self, reply: Reply) -> None:
        with self.lock:
            if reply.status < 300:
                self._after -= 1
                if self._after == 0:
                    self._then()

    def answer(self, request: Request) -> Reply:
        with self.lock:
            drawn = (kind for kind in self.kinds if self._dice.random() < _probability(kind))
            kind = next(drawn, None)
            if kind is not None:
                self.counts[f"store: {kind}"] += 1
            return self._recorded(request, kind)

    def _recorded(self, request: Request, kind: str | None) -> Reply:
        names = _accounts(request)
        before = {name: self._content(name) for name in names}
        taken, reply = self._served(request, kind, names)
        for name in names:
            self.arrivals.append(
                Arrival(
                    delivery=self.delivery,
                    account=name,
                    taken=name in taken,
                    changed=self._content(name) != before[name],
                    answered=name in taken and kind not in self._unreadable,
                )
            )
        return reply

    def _served(
        self, request: Request, kind: str | None, names: list[str]
    ) -> tuple[set[str], Reply]:
        """Which accounts were taken, and the answer."""
        if kind in REFUSALS:
            return set(), REFUSALS[kind]
        refused = self._dice.sample(names, (len(names) + 1) // 2) if kind in PARTS else []
        with self._refusing(refused, retry=kind == PART):
            reply = self.behaved.serve(request)
        taken = {*names} - {*refused} if reply.status < 300 else set()
        if kind == SLOW:
            return taken, replace(reply, slow=SECONDS)
        return taken, ANSWERS.get(kind or "", reply)

    @contextmanager
    def _refusing(self, names: list[str], *, retry: bool) -> Iterator[None]:
        if not names or isinstance(self.behaved, FakeVitally):
            yield
            return
        refusal = {"status": "refused", "error": "not this one", "retry": retry}
        self.behaved.results, self.behaved.refused = True, dict.fromkeys(names, refusal)
        yield
        self.behaved.results, self.behaved.refused = False, {}

    @property
    def _unreadable(self) -> Collection[str | None]:
        """Answers that tell nobody what was taken; of a webhook any 200 tells it."""
        webhook = isinstance(self.behaved, Receiver)
        return ANSWERS.keys() - {"HTML after applying"} if webhook else ANSWERS.keys()

    def _content(self, name: str) -> Any:
        """What an account holds, without what each write renews."""
        held = self.behaved.accounts.get(name, {})
        return deepcopy({part: held.get(part) for part in ("name", "traits", "lifecycle")})


def _probability(kind: str) -> float:
    return RARELY if kind == LATE else PROBABILITY  # each takes seconds


def no_more() -> None:
    """Nobody waits for an answer."""


def _accounts(request: Request) -> list[str]:
    """Whom a write is about."""
    if request.method == "PUT":
        return [unquote(request.path.rpartition("/")[2])]
    if request.method != "POST":
        return []
    items = request.body if isinstance(request.body, list) else [request.body]
    return [item.get("account") or item["externalId"] for item in items]
