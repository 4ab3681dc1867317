"""push and remember, chunk by chunk, until a run's outbox is empty or the store is gone.

In: an open store, the warehouse, a recorded plan. Out: what became of its accounts. The warehouse
is never kept open for a store: it is opened for a moment, beside the writing, to remember what the
chunk before was answered and to take the next one.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from duckdb import DuckDBPyConnection

from reverse_sync.account_store import AccountStore, AccountStoreError, NotNow
from reverse_sync.ending import Ending, close_run
from reverse_sync.order import Warehouse
from reverse_sync.outbox import take
from reverse_sync.plan_counts import Plan
from reverse_sync.push import Outcome, Outgoing, PushStopped, push
from reverse_sync.remember import remember
from reverse_sync.tracking import Tracking

Progress = Callable[[int, int], None]

# Batches between two visits to the warehouse: each visit opens the file and commits once.
BATCHES_PER_CHUNK = 10


@dataclass
class Gone:
    """Why the store takes no further batch; None: it does."""

    cause: AccountStoreError | None = None


class Each(Protocol):
    """map, or what works on several at once and keeps their order."""

    def __call__(
        self, work: Callable[[list[Outgoing]], list[Outcome]], batches: list[list[Outgoing]], /
    ) -> Iterable[list[Outcome]]: ...


@dataclass(frozen=True)
class Sender:
    """Brings runs' outboxes to the store; `batch_size` None: as many at once as the store takes."""

    store: AccountStore
    warehouse: Warehouse
    tracking: Tracking
    on_progress: Progress
    batch_size: int | None = None

    def deliver(self, plan: Plan) -> Ending:
        """push and remember, chunk by chunk, until nothing is to be tried or the store is gone."""
        if not plan.sent:
            return Ending()
        outcomes: list[Outcome] = []
        done, stopped = 0, None
        with ThreadPoolExecutor(1, thread_name_prefix="remember") as beside:
            chunk = self._turn(plan, outcomes)
            while chunk and not stopped:
                # The warehouse's turn, while the store has its own: neither waits for the other.
                following = beside.submit(self._turn, plan, outcomes, chunk)
                outcomes, stopped = self._push(chunk, plan, done)
                done += len(outcomes)
                chunk = following.result()
        with self.warehouse() as connection:
            remember(connection, plan.run, outcomes)
            return _close(connection, plan, stopped)

    def _turn(
        self, plan: Plan, outcomes: list[Outcome], on_its_way: Sequence[Outgoing] = ()
    ) -> list[Outgoing]:
        """Remembers what was answered, and takes what comes after the accounts on their way."""
        limit = self._size * BATCHES_PER_CHUNK
        last = 0 < len(on_its_way) < limit
        if last and not outcomes:
            return []
        with self.warehouse() as connection:
            if outcomes:
                remember(connection, plan.run, outcomes)
            after = on_its_way[-1] if on_its_way else None
            return [] if last else take(connection, plan.run, limit=limit, after=after)

    @property
    def _size(self) -> int:
        return min(self.batch_size or self.store.batch_size, self.store.batch_size)

    def _push(
        self, chunk: list[Outgoing], plan: Plan, done: int
    ) -> tuple[list[Outcome], AccountStoreError | None]:
        """The outcomes up to the first batch for which the store was not there."""
        batches = [chunk[at : at + self._size] for at in range(0, len(chunk), self._size)]
        outcomes: list[Outcome] = []
        gone = Gone()
        with _lanes(self.store.lanes) as each:
            for answered in each(lambda batch: self._answers(batch, plan, gone), batches):
                outcomes += answered
                if answered:
                    self.on_progress(done + len(outcomes), plan.sent)
        return outcomes, gone.cause

    def _answers(self, batch: list[Outgoing], plan: Plan, gone: Gone) -> list[Outcome]:
        if gone.cause is not None:
            return []
        try:
            return push(self.store, batch, tracking=self.tracking, run=plan.run)
        except PushStopped as stopped:
            gone.cause = gone.cause or stopped.cause
            return stopped.outcomes


@contextmanager
def _lanes(count: int) -> Iterator[Each]:
    """While one batch is on its way another one is made ready; the answers come in order."""
    if count == 1:
        yield map
        return
    with ThreadPoolExecutor(count, thread_name_prefix="push") as pool:
        try:
            yield pool.map
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _close(connection: DuckDBPyConnection, plan: Plan, stopped: AccountStoreError | None) -> Ending:
    short = isinstance(stopped, NotNow)
    said = None if stopped is None else str(stopped)
    return close_run(
        connection, plan.run, error=None if short else said, waiting=said if short else None
    )
