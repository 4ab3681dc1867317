"""Reading whole lists of Stripe quickly: ranges of `created`, split as their density shows.

Enters: a client and a stream. Leaves: pages of complete objects, in no order. What becomes of a
page, and whether a whole read was needed, is decided elsewhere.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from itertools import pairwise
from typing import Any
from urllib.parse import quote

import orjson

from ingestion.stripe_api import list_page
from ingestion.stripe_api.client import Client, Parameters
from ingestion.stripe_api.list_page import PAGE
from ingestion.stripe_api.refusals import NotFound, Refused, StripeError
from ingestion.stripe_api.streams import Stream
from ingestion.stripe_api.whole_objects import complete

FIRST_POSSIBLE = 1_262_304_000  # 2010-01-01: Stripe has no older object
LAST_POSSIBLE = 4_102_444_800  # 2100-01-01: whatever the clocks of both sides say
PAGES_WORTH_A_SPLIT = 4
READS_OF_ONE = 5
PART_BYTES = 2 << 20  # a page that its nested lists make longer goes on in parts


@dataclass(frozen=True)
class Range:
    """Objects with low <= created < high (Unix seconds), from after the id `after` on.

    `after` is of an object of the second before `high`: without it the range says the same, but
    for objects of that one second, which are read again.
    """

    low: int
    high: int
    after: str | None = None

    def parameters(self) -> dict[str, str | int]:
        bounds = {"created[gte]": self.low, "created[lt]": self.high, "limit": PAGE}
        return bounds | ({"starting_after": self.after} if self.after else {})


WHOLE = Range(FIRST_POSSIBLE, LAST_POSSIBLE)


@dataclass(frozen=True)
class Page:
    """Complete objects of one stream; `read_at` is naive UTC, taken before the request.

    A page of a list says which range of which list it has `read` and what it leaves as `rest`.
    """

    stream: str
    objects: list[Any]
    read_at: datetime
    gone: tuple[str, ...] = ()  # ids that Stripe says are deleted or does not know
    read: Range | None = None
    rest: tuple[Range, ...] = ()
    listed: str = ""  # the name of that list

    @cached_property
    def lines(self) -> bytes:
        """Its objects as JSON, one a line: what is kept of them."""
        return b"".join(map(_line, self.objects))

    @property
    def size(self) -> int:
        """Bytes as JSON: what memory and disk are limited by, as objects have no size of their
        own."""
        return len(self.lines)


Emit = Callable[[Page], Awaitable[None]]


def _line(found: Any) -> bytes:
    return orjson.dumps(found) + b"\n"


def utc_now() -> datetime:
    """When a read begins is a fact about the read: the one clock of this package."""
    return datetime.now(UTC).replace(tzinfo=None)


class ListReader:
    """Reads ranges of one stream; done only when every one has said `has_more=false`."""

    def __init__(self, client: Client, stream: Stream, emit: Emit, *, listed: str = "") -> None:
        self._client = client
        self._stream = stream
        self._listed = listed
        self._emit = emit
        self._open = 0
        self._tasks: asyncio.TaskGroup

    async def read(self, parts: Iterable[Range] = (WHOLE,)) -> None:
        """Every object of these ranges, by default of the list."""
        async with asyncio.TaskGroup() as self._tasks:
            self._start(tuple(parts))

    def _start(self, parts: tuple[Range, ...]) -> None:
        self._open += len(parts)
        for part in parts:
            self._tasks.create_task(self._follow(part))

    async def _follow(self, part: Range) -> None:
        following: Range | None = part
        while following:
            page = await self._page(following)
            await self._emit(page)  # before its slices are begun: pages come after their parent
            self._start(page.rest[1:])
            following = page.rest[0] if page.rest else None
        self._open -= 1

    async def _page(self, part: Range) -> Page:
        read_at = utc_now()
        try:
            answer = await self._client.get(self._stream.path, self._parameters(part))
        except NotFound:
            if part.after is None:
                raise
            # The object that the cursor named was deleted meanwhile.
            answer = await self._client.get(
                self._stream.path, self._parameters(replace(part, after=None))
            )
        listed = list_page.objects(answer, self._stream.path)
        rest = self._rest(part, listed) if answer["has_more"] else ()
        objects, lines = await self._completed(listed, read_at)
        return self._made(objects, lines, read_at, read=part, rest=rest)

    async def _completed(
        self, listed: list[Any], read_at: datetime
    ) -> tuple[list[Any], list[bytes]]:
        """The last part of the page; those before it are handed on, and kept here no longer."""
        left, size = listed[::-1], 0
        objects, lines = list[Any](), list[bytes]()
        listed.clear()
        while left:
            if await complete(self._client, self._stream, found := left.pop()):
                objects.append(found)
                lines.append(_line(found))
                size += len(lines[-1]) if self._stream.nested else 0
            if size >= PART_BYTES:
                await self._emit(self._made(objects, lines, read_at))
                objects, lines, size = [], [], 0
        return objects, lines

    def _made(
        self, objects: list[Any], lines: list[bytes], read_at: datetime, **of_list: Any
    ) -> Page:
        page = Page(self._stream.name, objects, read_at, listed=self._listed, **of_list)
        page.__dict__["lines"] = b"".join(lines)  # they are here: not to be made again
        return page

    def _parameters(self, part: Range) -> Parameters:
        expand = [f"data.{path}" for path in self._stream.expand]
        return {**self._stream.parameters, **part.parameters(), "expand": expand}

    def _rest(self, part: Range, objects: list[Any]) -> tuple[Range, ...]:
        """What follows this page, and the older slices that are worth tasks of their own."""
        oldest = objects[-1]["created"]
        lows = split(
            low=part.low,
            newest=objects[0]["created"],
            oldest=oldest,
            most=self._client.connection.concurrency - self._open + 1,
        )
        slices = [Range(low, high) for low, high in pairwise(lows)]
        return (Range(lows[-1], oldest + 1, objects[-1]["id"]), *slices)


def split(*, low: int, newest: int, oldest: int, most: int) -> list[int]:
    """Lower bounds, ascending, of the slices of what is left after a page [oldest, newest].

    The older half is one, of what is left the older half again ...: a young account is emptier the
    further back. The page's density says what a slice worth some pages is: each one ends in a page
    that is partly empty.
    """
    shortest = PAGES_WORTH_A_SPLIT * max(newest - oldest, 1)
    lows = [low]
    while len(lows) < most and oldest - lows[-1] >= 2 * shortest:
        lows.append((lows[-1] + oldest) // 2)
    return lows


def unlisted(stream: Stream, *, whole: bool) -> Callable[[Client, Emit], Awaitable[None]]:
    """A read of what the stream's own list leaves out, whose ids alone are wanted: all of it, or
    the newest page for each value of its field."""

    async def read(client: Client, emit: Emit) -> None:
        async with asyncio.TaskGroup() as group:
            for value in stream.others:
                parameters = {stream.only[0]: value} if stream.only else {}
                other = replace(stream, parameters=parameters, expand=(), nested=None)
                whole_list = ListReader(client, other, emit).read
                group.create_task(whole_list() if whole else _newest(client, other, emit))

    return read


async def _newest(client: Client, stream: Stream, emit: Emit) -> None:
    read_at = utc_now()
    answer = await client.get(stream.path, {**stream.parameters, "limit": PAGE})
    await emit(Page(stream.name, list_page.objects(answer, stream.path), read_at))


async def read_by_id(
    client: Client,
    stream: Stream,
    ids: list[str],
    emit: Emit,
    refused: dict[tuple[str, str], str] | None = None,
) -> None:
    """The current state of the named objects, with the same expands as a list read.

    `refused`: where to note which ones Stripe does not give, with its reason; None: raises Refused.
    """

    async def answer(object_id: str) -> Any:
        try:
            return await _one(client, stream, object_id)
        except Refused as error:
            if refused is None:
                raise
            refused[stream.name, object_id] = str(error)
            return None

    start, many = 0, PAGE
    while start < len(ids):
        read_at = utc_now()
        asked = await asyncio.gather(*(answer(one) for one in ids[start : start + many]))
        start += many
        found = [one for one in asked if one is not None]
        kept = [o for o in found if not o.get("deleted")]
        gone = tuple(o["id"] for o in found if o.get("deleted"))
        page = Page(stream.name, kept, read_at, gone)
        # The next are as long, likely.
        many = max(1, min(PAGE, many * PART_BYTES // max(page.size, 1)))
        await emit(page)


async def _one(client: Client, stream: Stream, object_id: str) -> Any:
    # Coupons, products and older plans have ids that people made up.
    path = f"{stream.path}/{quote(object_id, safe='')}"
    for _ in range(READS_OF_ONE):
        try:
            found = await client.get(path, {"expand": list(stream.expand)})
        except NotFound:
            return {"id": object_id, "deleted": True}
        if await complete(client, stream, found):
            return found
    raise StripeError(f"{path}: it changes faster than it can be read; run it again later")
