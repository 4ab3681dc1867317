"""The bridge from the concurrent reader to dlt: pages read in a thread, pulled from a short queue.

Enters: a coroutine function that reads. Leaves: an iterator of pages, at most `AHEAD` of them in
memory, whatever the account's size.
"""

import asyncio
import queue
import threading
from collections.abc import Awaitable, Callable, Iterator

from ingestion.client import Client, Connection
from ingestion.reader import Emit, Page

AHEAD = 20
Read = Callable[[Client, Emit], Awaitable[None]]


class _Stopped(Exception):
    """The consumer has gone; nobody waits for further pages."""


def pages(connection: Connection, read: Read) -> Iterator[Page]:
    """Run `read` in a thread; its pages as they come. What it raises is raised here."""
    waiting: queue.Queue[Page | BaseException | None] = queue.Queue(AHEAD)
    stopped = threading.Event()
    thread = threading.Thread(target=_produce, args=(connection, read, waiting, stopped))
    thread.start()
    try:
        while (page := waiting.get()) is not None:
            if isinstance(page, BaseException):
                raise page
            yield page
    finally:
        stopped.set()
        _drain(waiting, thread)


def _produce(
    connection: Connection,
    read: Read,
    waiting: "queue.Queue[Page | BaseException | None]",
    stopped: threading.Event,
) -> None:
    async def emit(page: Page) -> None:
        if stopped.is_set():
            raise _Stopped
        await asyncio.to_thread(waiting.put, page)

    async def main() -> None:
        async with Client(connection) as client:
            await read(client, emit)

    try:
        asyncio.run(main())
    except BaseException as error:  # noqa: BLE001 - handed to the consumer, which raises it
        waiting.put(first(error))
    else:
        waiting.put(None)


def first(error: BaseException) -> BaseException:
    """The first leaf of an exception group: one clear cause instead of a tree."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _drain(waiting: "queue.Queue[Page | BaseException | None]", thread: threading.Thread) -> None:
    while thread.is_alive():
        try:
            waiting.get(timeout=0.05)
        except queue.Empty:
            continue
