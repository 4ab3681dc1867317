"""The reverse-sync: read -> diff -> push -> remember.

Enters: the published marts, the warehouse (a callable that takes its lock and opens it) and the
account store's target. Leaves: the account store true to account_traits, and a result whose counts
conserve. The warehouse is open while planning and while remembering, never while the store is
written.
"""

from datetime import datetime
from pathlib import Path

from reverse_sync.deliver.acknowledged_counts import Taken
from reverse_sync.deliver.chunks import Answers, Progress, Sender
from reverse_sync.deliver.outbox import Chunk
from reverse_sync.deliver.result import SyncInterrupted, SyncResult, result_of
from reverse_sync.deliver.run_end import Ending
from reverse_sync.guards import Guards
from reverse_sync.plan.counts import Plan
from reverse_sync.plan.planning import Planner, StoreState, read
from reverse_sync.plan.preview import Preview
from reverse_sync.stores.target import Target
from reverse_sync.stores.url import check, opened
from reverse_sync.sync_request import SyncContext, SyncRequest, Warehouse
from reverse_sync.values.tracking import SettingChange


def silent(done: int, total: int) -> None:
    """Nobody watches."""


def sync(  # noqa: PLR0913 (the caller's one entrance: all by keyword)
    *,
    marts_path: Path,
    warehouse: Warehouse,
    target: Target,
    multiple_subscriptions: bool,
    as_of: datetime,
    run_id: str,
    now: datetime | None = None,
    guards: Guards | None = None,
    on_progress: Progress = silent,
    batch_size: int | None = None,
) -> SyncResult:
    """Brings the account store to what `marts_path` says; a second call sends nothing."""
    context = SyncContext(
        marts_path=marts_path,
        warehouse=warehouse,
        target=target,
        multiple_subscriptions=multiple_subscriptions,
        guards=guards or Guards(),
    )
    request = SyncRequest(run_id=run_id, as_of=as_of, now=now or as_of)
    return deliver(context, request, on_progress=on_progress, batch_size=batch_size)


def deliver(
    context: SyncContext,
    request: SyncRequest,
    *,
    on_progress: Progress = silent,
    batch_size: int | None = None,
) -> SyncResult:
    """One run. Raises Blocked and PlanMoved, which send nothing, and SyncInterrupted."""
    if "other_store" in request.overridden:
        # From the plan on, all that is known is about this address: not if it is mistyped.
        check(context.target)
    with context.lease(), opened(context.target) as store:
        held = read(store, context.mode)
        sender = Sender(store, context.warehouse, held.tracking, on_progress, batch_size)
        plan, first = diff(held, context, request, sender)
        context.planned()
        answers = push(sender, plan, first, held)
        ending = remember(sender, plan, answers)
    return finished(plan, answers.taken, ending, held.overridden)


def diff(
    held: StoreState, context: SyncContext, request: SyncRequest, sender: Sender
) -> tuple[Plan, Chunk]:
    """`account_traits` beside what was acknowledged: the outbox filled, the guards passed; and what
    goes first."""
    with context.timed("diff"), context.warehouse() as connection:
        plan = Planner(connection, context, request, held).commit()
        return plan, sender.first(connection, plan)


def push(sender: Sender, plan: Plan, first: Chunk, held: StoreState) -> Answers:
    """The outbox to the store. A change of its tracking config is a part of the plan: not before
    the guards have let that pass."""
    if held.changes:
        sender.store.write_tracking(held.changes, at=plan.run.as_of)
    return sender.push(plan, first)


def remember(sender: Sender, plan: Plan, answers: Answers) -> Ending:
    """What the store has answered last, and that the run has ended."""
    return sender.remember(plan, answers)


def finished(
    plan: Plan, taken: Taken, ending: Ending, overridden: tuple[SettingChange, ...] = ()
) -> SyncResult:
    """The run's result; raises SyncInterrupted where the store went away."""
    result = result_of(plan, taken, ending, overridden)
    if ending.error is not None:
        raise SyncInterrupted(ending.error, result)
    return result


def preview(context: SyncContext, request: SyncRequest) -> Preview:
    """What `deliver` would send now; nothing is written, here or there."""
    with opened(context.target) as store:
        held = read(store, context.mode)
        with context.warehouse() as connection:
            return Planner(connection, context, request, held).show()
