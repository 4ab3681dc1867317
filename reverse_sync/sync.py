"""The reverse-sync: read -> diff -> push -> remember.

In: the published marts, the warehouse (a callable that takes its lock and opens it) and the account
store's target. Out: the account store true to account_traits, and a result whose counts conserve.
The warehouse is open while planning and while remembering, never while the store is written.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from duckdb import DuckDBPyConnection

from reverse_sync.account_store import AccountStore, AccountStoreError
from reverse_sync.candidates import read
from reverse_sync.plan import Plan, begin, diff_into_outbox
from reverse_sync.push import Outcome, Outgoing, PushStopped, push
from reverse_sync.remember import Ending, close_run, remember, take
from reverse_sync.result import Kept, SyncResult
from reverse_sync.state import Run
from reverse_sync.store_url import opened
from reverse_sync.target import Target
from reverse_sync.tracking import Mode, SettingChange, Tracking, enabling

Warehouse = Callable[[], AbstractContextManager[DuckDBPyConnection]]
Progress = Callable[[int, int], None]

# Batches between two visits to the warehouse: each visit opens the file and commits once.
BATCHES_PER_CHUNK = 10


class SyncInterrupted(AccountStoreError):
    """The store went away in the middle; `result` tells how far the sync came."""

    def __init__(self, message: str, result: SyncResult) -> None:
        super().__init__(message)
        self.result = result


def sync(  # noqa: PLR0913 (the caller's one entrance: all by keyword)
    *,
    marts_path: Path,
    warehouse: Warehouse,
    target: Target,
    multiple_subscriptions: bool,
    as_of: datetime,
    run_id: str,
    on_progress: Progress | None = None,
    batch_size: int = 500,
) -> SyncResult:
    """Brings the account store to what `marts_path` says; a second call sends nothing."""
    if as_of.tzinfo is None:
        raise ValueError("as_of has no time zone; pass an aware datetime, such as UTC")
    mode: Mode = "multi" if multiple_subscriptions else "single"
    with opened(target) as store:
        batch_size = min(batch_size, store.batch_size)
        tracking, overridden = _enable(store, mode, as_of)
        run = Run(
            run_id=run_id,
            version=store.highest_version(),
            mode=mode,
            tracking=tracking.digest,
            as_of=as_of,
        )
        with warehouse() as connection:
            run = begin(connection, run)
            with read(connection, marts_path, run) as source:
                plan = diff_into_outbox(connection, run, source)
            chunk = take(connection, run, limit=batch_size * BATCHES_PER_CHUNK)
        sender = _Sender(
            store=store,
            warehouse=warehouse,
            plan=plan,
            tracking=tracking,
            batch_size=batch_size,
            on_progress=on_progress or _silent,
        )
        ending = sender.deliver(chunk)
    return _result(plan, ending, overridden)


def _enable(
    store: AccountStore, mode: Mode, as_of: datetime
) -> tuple[Tracking, tuple[SettingChange, ...]]:
    """Sets the tracking config when the integration is new here or its mode has changed."""
    changes = enabling(store.read_tracking(), mode=mode)
    if changes:
        store.write_tracking(changes, at=as_of)
    return store.read_tracking(), tuple(change for change in changes if change.old is not None)


@dataclass(frozen=True, kw_only=True)
class _Sender:
    store: AccountStore
    warehouse: Warehouse
    plan: Plan
    tracking: Tracking
    batch_size: int
    on_progress: Progress

    def deliver(self, chunk: list[Outgoing]) -> Ending:
        """push and remember, chunk by chunk, until nothing is pending or the store is gone."""
        run, done = self.plan.run, 0
        ending = Ending()
        while chunk:
            outcomes, error = self._push(chunk, done)
            done += len(outcomes)
            with self.warehouse() as connection:
                remember(connection, run, outcomes)
                limit = self.batch_size * BATCHES_PER_CHUNK
                chunk = [] if error else take(connection, run, limit=limit)
                if not chunk:
                    ending = close_run(connection, run, error=error)
        return ending

    def _push(self, chunk: list[Outgoing], done: int) -> tuple[list[Outcome], str | None]:
        """The outcomes up to the first batch for which the store was not there."""
        outcomes: list[Outcome] = []
        for start in range(0, len(chunk), self.batch_size):
            batch = chunk[start : start + self.batch_size]
            try:
                outcomes += push(self.store, batch, tracking=self.tracking, run=self.plan.run)
            except PushStopped as stopped:
                return outcomes + stopped.outcomes, str(stopped)
            self.on_progress(done + len(outcomes), self.plan.sent)
        return outcomes, None


def _result(plan: Plan, ending: Ending, overridden: tuple[SettingChange, ...]) -> SyncResult:
    result = SyncResult(
        run_id=plan.run.run_id,
        version=plan.run.version if plan.recorded else None,
        selected=plan.selected,
        unchanged=plan.unchanged,
        invalid=len(plan.invalid),
        sent=plan.sent,
        acknowledged=ending.acknowledged,
        rejected=ending.rejected,
        pending=plan.sent - ending.acknowledged - ending.rejected,
        creates=plan.creates,
        updates=plan.updates,
        traits_set=plan.traits_set,
        traits_cleared=plan.traits_cleared,
        overridden=overridden,
        invalid_accounts=tuple(Kept(row.account_id, row.reason) for row in plan.invalid),
        rejected_accounts=ending.rejections,
    )
    if ending.error is not None:
        raise SyncInterrupted(ending.error, result)
    return result


def _silent(done: int, total: int) -> None:
    """Nobody watches."""
