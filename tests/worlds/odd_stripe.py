"""A Stripe that answers oddly now and then: the sandbox, and what comes instead of its answers.

Enters: a store, its faults, which oddities are switched on. Leaves: an application, and how often
each fault was met. Nothing is invented: a page is broken or has more in it, never less.
"""

import json
import random
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any

import orjson
from misshapen_events import misshapen_events
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from sandbox.misbehaviour.faults import Draws, Faults
from sandbox.server import app
from sandbox.storage.store import Store

Json = dict[str, Any]
OF_AN_ANSWER, OF_A_PAGE = 0.004, 0.3  # a load asks many times, and once or twice for the feed

# Instead of any answer: a status and a body.
BODIES: dict[str, tuple[int, bytes]] = {
    "a page of HTML": (200, b"<html>sign in</html>"),
    "nothing": (200, b""),
    "null": (200, b"null"),
    "an empty object": (200, b"{}"),
    "a list": (200, b"[]"),
    "somebody else's object": (200, b'{"message": "sign in"}'),
    "a redirect": (302, b""),
}
# Of pages of the feed alone.
MISSHAPEN = [one for one in misshapen_events() if "previous" not in one]
PAGES: dict[str, Callable[[Json], Json]] = {
    "misshapen events": lambda page: {**page, "data": [*MISSHAPEN, *page["data"], None, "text"]},
    "a feed of null": lambda page: {**page, "data": None},
    "a feed of an empty page with more": lambda page: {**page, "data": [], "has_more": True},
}
ODDITIES = (*BODIES, *PAGES)


class OddStripe:
    """The sandbox with its faults, and odd; `counts` says how often by kind."""

    def __init__(self, store: Store, faults: Faults, kinds: Collection[str]) -> None:
        self._faulty, self._calm = app(store, faults=faults), app(store, faults=_calm(faults))
        self._draws = Draws(faults)  # the same as the application's
        self._kinds, self._dice = kinds, random.Random(faults.seed)
        self.counts: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        odd = self._drawn(scope) if scope["path"].startswith("/v1/") else None
        if odd is None:
            self._count(scope)
            await self._faulty(scope, receive, send)
            return
        self.counts[f"Stripe: {odd}"] += 1
        if odd in PAGES:
            await self._page(PAGES[odd], scope, receive, send)
            return
        status, body = BODIES[odd]
        headers = {"Location": "http://127.0.0.1:9/"} if status == 302 else {}
        await Response(body, status, headers)(scope, receive, send)

    def _drawn(self, scope: Scope) -> str | None:
        feed = scope["path"] == "/v1/events" and b"types" in scope["query_string"]
        able = [kind for kind in self._kinds if kind in BODIES or feed]
        return next((kind for kind in able if self._dice.random() < _probability(kind)), None)

    def _count(self, scope: Scope) -> None:
        asked = (scope["method"], scope["path"], scope["query_string"].decode("latin-1"))
        self.counts.update(f"Stripe: {fault.kind}" for fault in self._draws.next(*asked))

    async def _page(
        self, spoil: Callable[[Json], Json], scope: Scope, receive: Receive, send: Send
    ) -> None:
        parts: list[Any] = []

        async def keep(message: Any) -> None:
            parts.append(message)

        await self._calm(scope, receive, keep)
        page = spoil(orjson.loads(b"".join(part.get("body", b"") for part in parts)))
        date = next(value for name, value in parts[0]["headers"] if name.lower() == b"date")
        headers = {"Content-Type": "application/json", "Date": date.decode()}
        await Response(json.dumps(page), headers=headers)(scope, receive, send)


def _calm(faults: Faults) -> Faults:
    return replace(faults, plan=())


def _probability(kind: str) -> float:
    return OF_AN_ANSWER if kind in BODIES else OF_A_PAGE
