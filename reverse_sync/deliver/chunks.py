"""push and remember, chunk by chunk, until a run's outbox is empty or the store is gone.

Enters: an open store, the warehouse, a recorded plan. Leaves: what became of its accounts. The
warehouse is never kept open for a store: it is opened for a moment, beside the writing, to remember
what the chunk before was answered and to take the next one.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic
from typing import Protocol

from duckdb import DuckDBPyConnection

from reverse_sync.deliver.acknowledged_counts import Taken, taken
from reverse_sync.deliver.outbox import Chunk, take
from reverse_sync.deliver.outcome import Outcome
from reverse_sync.deliver.outgoing import Outgoing
from reverse_sync.deliver.push import PushStopped, push
from reverse_sync.deliver.remember import remember
from reverse_sync.deliver.run_end import Ending, close_run
from reverse_sync.plan.counts import Plan
from reverse_sync.state.portions import portions
from reverse_sync.state.run import Run, naive
from reverse_sync.stores.account_store import AccountStore, AccountStoreError, NotNow
from reverse_sync.sync_request import Warehouse
from reverse_sync.values.tracking import Tracking

Progress = Callable[[int, int], None]

# Batches between two visits to the warehouse: each visit opens the file, looks at the whole outbox
# and commits once.
BATCHES_PER_CHUNK = 10
# Where a store has taken a chunk sooner than this, the next one is twice as large, up to so many
# accounts: what a kill sends a second time stays a matter of seconds.
QUICK_SECONDS, MOST_ACCOUNTS = 4.0, 50_000
# Characters of one batch, which is parsed, put together with what the store holds, and written.
BATCH_ROOM = 4 << 20


@dataclass(frozen=True)
class Answers:
    """To the last accounts that were sent, what the store took in all, and why it takes no more,
    if it does not."""

    outcomes: Sequence[Outcome] = ()
    taken: Taken = field(default_factory=Taken)
    stopped: AccountStoreError | None = None


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

    def first(self, connection: DuckDBPyConnection, plan: Plan) -> Chunk:
        """What goes first, while the warehouse of the plan is still open."""
        if not plan.sent:
            return Chunk([], is_last=True)
        return take(connection, plan.run, limit=self._size * BATCHES_PER_CHUNK)

    def push(self, plan: Plan, chunk: Chunk) -> Answers:
        """From the first `chunk` on until nothing is to be tried or the store is gone; while one is
        on its way the answers to the one before it are remembered. Those to the last one are left.
        """
        outcomes: list[Outcome] = []
        all_taken = Taken()
        done, stopped, limit = 0, None, self._size * BATCHES_PER_CHUNK
        with ThreadPoolExecutor(1, thread_name_prefix="remember") as beside:
            while chunk.accounts and not stopped:
                # The warehouse's turn, while the store has its own: neither waits for the other.
                following = beside.submit(self._turn, plan, outcomes, limit, chunk)
                began = monotonic()
                outcomes, stopped = self._push(chunk.accounts, plan, done)
                if monotonic() - began < QUICK_SECONDS:
                    limit = max(limit, min(limit * 2, MOST_ACCOUNTS))
                done += len(outcomes)
                all_taken += taken(outcomes)
                chunk = following.result()
        return Answers(outcomes, all_taken, stopped)

    def remember(self, plan: Plan, answers: Answers) -> Ending:
        """The last answers, and the run's end; a run that had nothing to send has ended already."""
        if not plan.sent:
            return Ending()
        with self.warehouse() as connection:
            remember(connection, plan.run, answers.outcomes)
            return _close(connection, plan, answers.stopped)

    def _turn(self, plan: Plan, outcomes: list[Outcome], limit: int, on_its_way: Chunk) -> Chunk:
        """Remembers what was answered, and takes what comes after the accounts on their way."""
        if on_its_way.is_last and not outcomes:
            return Chunk([], is_last=True)
        with self.warehouse() as connection:
            if outcomes:
                remember(connection, plan.run, outcomes)
            if on_its_way.is_last:
                return Chunk([], is_last=True)
            return take(connection, plan.run, limit=limit, after=on_its_way.accounts[-1])

    @property
    def _size(self) -> int:
        return min(self.batch_size or self.store.batch_size, self.store.batch_size)

    def _push(
        self, chunk: list[Outgoing], plan: Plan, done: int
    ) -> tuple[list[Outcome], AccountStoreError | None]:
        """The outcomes up to the first batch for which the store was not there."""
        batches = list(portions(chunk, most=self._size, room=BATCH_ROOM, length=_length))
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


def _length(outgoing: Outgoing) -> int:
    return len(outgoing.traits)


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
        connection,
        plan.run,
        build=plan.build,
        error=None if short else said,
        waiting=said if short else None,
        again_at=_again_at(plan.run, stopped),
    )


def _again_at(run: Run, stopped: AccountStoreError | None) -> datetime | None:
    """When the store's limit lets more through, as far as it said so."""
    if not isinstance(stopped, NotNow):
        return None
    return naive(run.now + timedelta(seconds=stopped.seconds))
