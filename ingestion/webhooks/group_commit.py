"""Many small durable writes as few large ones: who comes while one is under way shares the next.

Enters: items, one at a time, from many tasks. Leaves: each task goes on, with its own result, once
its item is on disk, or hears why it is not. What is written, and where, is the caller's.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class GroupCommit(Generic[Item, Result]):
    """`write` takes a batch and gives a result for each once all are durable, in `executor`."""

    def __init__(self, write: Callable[[list[Item]], list[Result]], executor: Executor) -> None:
        self._write = write
        self._executor = executor
        self._waiting: list[tuple[Item, asyncio.Future[Result]]] = []
        self._writer: asyncio.Task[None] | None = None

    async def append(self, item: Item) -> Result:
        """Return once the item is durable. Raises what `write` raised for its batch."""
        done: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, done))
        if self._writer is None:
            self._writer = asyncio.create_task(self._drain())
        return await done

    async def _drain(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting, []
                await self._commit(batch)
        finally:  # whatever happened: the next one to come begins anew
            self._writer = None

    async def _commit(self, batch: list[tuple[Item, asyncio.Future[Result]]]) -> None:
        loop, items = asyncio.get_running_loop(), [item for item, _ in batch]
        waiting = [done for _, done in batch]
        try:
            results = await loop.run_in_executor(self._executor, self._write, items)
            for done, result in zip(waiting, results, strict=True):
                if not done.done():  # else: who waited has gone
                    done.set_result(result)
        except Exception as error:  # noqa: BLE001 - each of the waiting tasks raises it
            for done in waiting:
                if not done.done():
                    done.set_exception(error)
