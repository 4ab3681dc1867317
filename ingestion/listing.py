"""Every object of some ranges of Stripe's lists, and what lists leave out of what events named.

Enters: ranges, pointers that wait. Leaves: a read, whose pages say which list they are of. A read
that begins an import hands nothing on before each list, and whatever else the key must allow, has
answered: the lists themselves are the check of its permissions.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable

from ingestion.inbox.cursors import Part
from ingestion.intake import refetch
from ingestion.stripe_api.client import Client
from ingestion.stripe_api.event_types import Pointer
from ingestion.stripe_api.events import EVENTS
from ingestion.stripe_api.page_queue import AHEAD, Read, room
from ingestion.stripe_api.permissions import check_permissions
from ingestion.stripe_api.reader import Emit, ListReader, Page, Range
from ingestion.stripe_api.refusals import PermissionMissing
from ingestion.stripe_api.streams import LISTS

OTHERS = "whatever is no list"
ASKED = ("/v1/account", EVENTS)  # before, for whose account it is and where its feed stands


def listing(
    parts: set[Part],
    waiting: Collection[Pointer] = (),
    *,
    checks: bool = False,
    ended: Callable[[], None] = lambda: None,
) -> Read:
    """Every object of these ranges; then those of `waiting` that were not among them (deleted
    customers, mostly), to be merged with the others. `checks`: the key's permissions first.
    `ended` hears when all is read, which may be before it is merged."""

    async def read(client: Client, emit: Emit) -> None:
        names = {name for name, _, _ in parts}
        held = _Held(emit, {OTHERS, *names} if checks else set())
        streams = {LISTS[name].name for name in names} | {stream for stream, _ in waiting}
        try:
            async with asyncio.TaskGroup() as group:
                for stream in sorted(streams):
                    ids = {found for name, found in waiting if name == stream}
                    group.create_task(_read_stream(client, held, stream, parts, ids))
                if checks:
                    group.create_task(_check_others(client, names, held))
        except BaseExceptionGroup as errors:
            if errors.subgroup(PermissionMissing) and held.silent:
                await check_permissions(client)  # names all that is missing
            raise
        ended()

    return read


async def _read_stream(
    client: Client, held: "_Held", stream: str, parts: set[Part], waiting: set[str]
) -> None:
    """Its lists, then those of `waiting` that were in none."""

    async def emit(page: Page) -> None:
        waiting.difference_update(found["id"] for found in page.objects)
        await held.emit(page)

    async with asyncio.TaskGroup() as group:
        for name in sorted({name for name, _, _ in parts if LISTS[name].name == stream}):
            ranges = sorted((low, high) for listed, low, high in parts if listed == name)
            reader = ListReader(client, LISTS[name], emit, listed=name)
            group.create_task(reader.read(Range(low, high) for low, high in ranges))
    await refetch([(stream, one) for one in sorted(waiting)])(client, held.emit)


async def _check_others(client: Client, names: Iterable[str], held: "_Held") -> None:
    known = {*ASKED, *(LISTS[name].path for name in names)}
    await check_permissions(client, besides=known)
    held.heard(OTHERS)
    await held.hand_on()


class _Held:
    """Pages, held back until all that is `silent` has answered: as many as may wait anyway."""

    def __init__(self, emit: Emit, silent: set[str]) -> None:
        self.silent = silent
        self._emit = emit
        self._pages: list[Page] = []
        self._heard = asyncio.Event()
        self._turn = asyncio.Lock()  # a page goes on after those that came before

    def heard(self, name: str) -> None:
        self.silent.discard(name)
        if not self.silent:
            self._heard.set()

    async def emit(self, page: Page) -> None:
        self.heard(page.listed)
        self._pages.append(page)
        if not self.silent or sum(map(room, self._pages)) >= AHEAD:
            await self.hand_on()

    async def hand_on(self) -> None:
        async with self._turn:
            await self._heard.wait()
            while self._pages:
                await self._emit(self._pages.pop(0))
