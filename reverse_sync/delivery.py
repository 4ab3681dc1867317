"""push and remember, in turns, until a run's outbox is empty or the store is gone.

In: an open store, the warehouse, a recorded plan. Out: what became of its accounts. The warehouse
is closed while the store is written.
"""

from collections.abc import Callable
from dataclasses import dataclass

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
        done, ending = 0, Ending()
        with self.warehouse() as connection:
            chunk = self._next(connection, plan)
        while chunk:
            outcomes, stopped = self._push(chunk, plan, done)
            done += len(outcomes)
            with self.warehouse() as connection:
                remember(connection, plan.run, outcomes)
                chunk = [] if stopped else self._next(connection, plan)
                if not chunk:
                    ending = _close(connection, plan, stopped)
        return ending

    @property
    def _size(self) -> int:
        return min(self.batch_size or self.store.batch_size, self.store.batch_size)

    def _next(self, connection: DuckDBPyConnection, plan: Plan) -> list[Outgoing]:
        return take(connection, plan.run, limit=self._size * BATCHES_PER_CHUNK)

    def _push(
        self, chunk: list[Outgoing], plan: Plan, done: int
    ) -> tuple[list[Outcome], AccountStoreError | None]:
        """The outcomes up to the first batch for which the store was not there."""
        outcomes: list[Outcome] = []
        for start in range(0, len(chunk), self._size):
            batch = chunk[start : start + self._size]
            try:
                outcomes += push(self.store, batch, tracking=self.tracking, run=plan.run)
            except PushStopped as stopped:
                return outcomes + stopped.outcomes, stopped.cause
            self.on_progress(done + len(outcomes), plan.sent)
        return outcomes, None


def _close(connection: DuckDBPyConnection, plan: Plan, stopped: AccountStoreError | None) -> Ending:
    short = isinstance(stopped, NotNow)
    said = None if stopped is None else str(stopped)
    return close_run(
        connection, plan.run, error=None if short else said, waiting=said if short else None
    )
