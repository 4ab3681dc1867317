"""The floor of an import: the same lists, fetched by a bare concurrent loop and thrown away.

Enters: an address, a key, how many requests a second each endpoint takes. Leaves: how many objects
came. httpx and orjson alone: no retries but of a refusal for the rate, no nested lists, no types.
It splits ranges of `created` as the pages' density shows, and keeps twenty requests in flight.
"""

import asyncio
from itertools import pairwise
from typing import Any

import httpx
import orjson

from ingestion.stripe_api.reader import FIRST_POSSIBLE, LAST_POSSIBLE, split
from ingestion.stripe_api.streams import LISTED, Stream

IN_FLIGHT = 20
VERSION = "2026-10-28.endive"


def fetched(url: str, key: str, per_second: float | None) -> int:
    """Objects that came."""
    return asyncio.run(_Loop(url, key, per_second).run())


class _Loop:
    def __init__(self, url: str, key: str, per_second: float | None) -> None:
        headers = {"Authorization": f"Bearer {key}", "Stripe-Version": VERSION}
        self._http = httpx.AsyncClient(base_url=url, headers=headers, trust_env=False, timeout=60)
        self._slots = asyncio.Semaphore(IN_FLIGHT)
        self._apart = 1 / per_second if per_second else 0.0  # seconds
        self._next: dict[str, float] = {}
        self._open: dict[str, int] = {}
        self._objects = 0

    async def run(self) -> int:
        async with self._http, asyncio.TaskGroup() as self._tasks:
            for stream in LISTED:
                self._begin(stream, FIRST_POSSIBLE, LAST_POSSIBLE)
        return self._objects

    def _begin(self, stream: Stream, low: int, high: int) -> None:
        self._open[stream.name] = self._open.get(stream.name, 0) + 1
        self._tasks.create_task(self._follow(stream, low, high))

    async def _follow(self, stream: Stream, low: int, high: int) -> None:
        asked: dict[str, Any] = {
            **stream.parameters,
            "created[lt]": high,
            "limit": 100,
            "expand[]": [f"data.{path}" for path in stream.expand],
        }
        while True:
            answer = await self._page(stream.path, asked | {"created[gte]": low})
            found = answer["data"]
            self._objects += len(found)
            if not answer["has_more"]:
                break
            newest, oldest = found[0]["created"], found[-1]["created"]
            most = IN_FLIGHT - self._open[stream.name] + 1
            lows = split(low=low, newest=newest, oldest=oldest, most=most)
            for begin, end in pairwise(lows):
                self._begin(stream, begin, end)
            low = lows[-1]
            asked["starting_after"] = found[-1]["id"]
        self._open[stream.name] -= 1

    async def _page(self, path: str, asked: dict[str, Any]) -> Any:
        while True:
            await self._turn(path)
            async with self._slots:
                answer = await self._http.get(path, params=asked)
            if answer.status_code != 429:
                return orjson.loads(answer.raise_for_status().content)
            await asyncio.sleep(float(answer.headers["Retry-After"]))

    async def _turn(self, path: str) -> None:
        """Requests for one endpoint begin evenly, as its rate allows."""
        now = asyncio.get_running_loop().time()
        due = max(now, self._next.get(path, 0.0))
        self._next[path] = due + self._apart
        if due > now:
            await asyncio.sleep(due - now)
