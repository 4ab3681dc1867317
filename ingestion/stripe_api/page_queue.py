"""The bridge from the concurrent reader to dlt: pages read in a thread, pulled from a short queue.

Enters: a coroutine function that reads. Leaves: pages, as many ahead as `AHEAD` says, whatever
the account's size and that of its objects.
"""

import asyncio
import queue
import threading
from collections.abc import Awaitable, Callable, Generator
from contextlib import suppress

from ingestion.stripe_api.client import Client
from ingestion.stripe_api.connection import Connection
from ingestion.stripe_api.reader import Emit, Page

AHEAD = 80  # what Stripe's rate lets through while a chunk is merged
LONG = 512 << 10  # bytes as JSON: a page counts as one more for each
Read = Callable[[Client, Emit], Awaitable[None]]


class _Stopped(Exception):
    """The consumer has gone; nobody waits for further pages."""


def pages(connection: Connection, read: Read) -> Generator[Page, None, None]:
    """Run `read` in a thread; its pages as they come. What it raises is raised here."""
    producer = _Producer(connection, read)
    producer.start()
    try:
        while (page := producer.waiting.get()) is not None:
            if isinstance(page, BaseException):
                raise page
            yield page
    finally:
        producer.stop()


class _Pages(queue.Queue[Page | BaseException | None]):
    """Pages that wait, `AHEAD` of them; long ones count as several."""

    def _init(self, maxsize: int) -> None:
        super()._init(maxsize)
        self._beyond = 0

    def _qsize(self) -> int:
        return len(self.queue) + self._beyond

    def _put(self, item: Page | BaseException | None) -> None:
        super()._put(item)
        self._beyond += _more(item)

    def _get(self) -> Page | BaseException | None:
        item = super()._get()
        self._beyond -= _more(item)
        return item


def _more(item: Page | BaseException | None) -> int:
    return room(item) - 1 if isinstance(item, Page) else 0


def room(page: Page) -> int:
    """As how many of AHEAD a page counts."""
    return 1 + page.size // LONG


class _Producer(threading.Thread):
    """Reads in an event loop of its own, until done or stopped."""

    def __init__(self, connection: Connection, read: Read) -> None:
        super().__init__(daemon=True)
        self.waiting = _Pages(AHEAD)
        self._connection = connection
        self._read = read
        self._cancel: Callable[[], object] = lambda: None
        self._stopped = threading.Event()

    def run(self) -> None:
        try:
            asyncio.run(self._main())
        except BaseException as error:  # noqa: BLE001 - handed to the consumer, which raises it
            self.waiting.put(first(error))
        else:
            self.waiting.put(None)

    async def _main(self) -> None:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        if task:
            self._cancel = lambda: loop.call_soon_threadsafe(task.cancel)
        async with Client(self._connection) as client:
            await self._read(client, self._emit)

    async def _emit(self, page: Page) -> None:
        if self._stopped.is_set():
            raise _Stopped
        try:
            self.waiting.put_nowait(page)
        except queue.Full:
            await asyncio.to_thread(self.waiting.put, page)

    def stop(self) -> None:
        """The consumer has gone, or has all: requests under way end, and so does the thread."""
        self._stopped.set()
        with suppress(RuntimeError):  # the loop has ended by itself
            self._cancel()
        while self.is_alive():
            with suppress(queue.Empty):  # room for a page that it waits to hand over
                self.waiting.get_nowait()
            self.join(0.01)


def first(error: BaseException) -> BaseException:
    """The first leaf of an exception group: one clear cause instead of a tree."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
