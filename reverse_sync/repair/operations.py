"""What is done to the store beside a sync: undo, a new baseline, a comparison.

Enters: a run's context and what it is asked for. Leaves: results. Each holds the target's lease, so
that no run sends meanwhile.
"""

from dataclasses import replace

from duckdb import DuckDBPyConnection

from reverse_sync.deliver.acknowledged_counts import Taken, taken
from reverse_sync.deliver.chunks import Progress, Sender
from reverse_sync.deliver.outbox import take
from reverse_sync.deliver.outcome import Outcome
from reverse_sync.deliver.remember import remember
from reverse_sync.deliver.result import SyncResult, result_of
from reverse_sync.deliver.run_end import close_run
from reverse_sync.diff.candidates import published
from reverse_sync.guards import GUARDS, UPSTREAM
from reverse_sync.plan.fill_outbox import begin, record
from reverse_sync.plan.planning import Planner, read
from reverse_sync.repair.reconcile_store import Drift, compare, scanned
from reverse_sync.repair.undo import undo_into_outbox, version_of
from reverse_sync.state.run import Run, Scope
from reverse_sync.state.schema import prepare
from reverse_sync.state.store_identity import OtherStore, forget_waiting, other_store, settle
from reverse_sync.stores.url import opened
from reverse_sync.sync import finished, silent
from reverse_sync.sync_request import SyncContext, SyncRequest

CHUNK = 5_000
EVERY_GUARD = frozenset((*GUARDS, *UPSTREAM))


def undo_run(
    context: SyncContext, request: SyncRequest, asked: str, *, on_progress: Progress = silent
) -> SyncResult:
    """Puts back what the run `asked` for changed. Raises UnknownRun, SyncInterrupted."""
    with context.lease(), opened(context.target) as store:
        tracking = store.read_tracking()
        version = store.highest_version()
        sender = Sender(store, context.warehouse, tracking, on_progress)
        with context.warehouse() as connection:
            _refuse_another_store(connection, context)
            # The accounts are the run's: nothing is known of the others.
            request = replace(request, scope=Scope(accounts=()))
            run = request.run(context, version=version, tracking=tracking)
            run = begin(connection, run)
            plan = undo_into_outbox(connection, run, version_of(connection, asked))
            plan = record(connection, plan, overridden=frozenset())
            first = sender.first(connection, plan)
        answers = sender.push(plan, first)
        ending = sender.remember(plan, answers)
    return finished(plan, answers.taken, ending)


def adopt_baseline(context: SyncContext, request: SyncRequest) -> SyncResult:
    """Takes what account_traits says as what the store holds; nothing is sent."""
    request = replace(request, overridden=EVERY_GUARD)
    with context.lease(), opened(context.target) as store:
        held = read(store, context.mode)
        if held.changes:
            store.write_tracking(held.changes, at=request.as_of)
        with context.warehouse() as connection:
            plan, all_taken = Planner(connection, context, request, held).commit(), Taken()
            while outcomes := _as_taken(connection, plan.run):
                remember(connection, plan.run, outcomes)
                all_taken += taken(outcomes)
            # The store has not moved: its own version is what it holds.
            connection.execute(
                "update sync.sync_snapshot set version = ? where version = ?",
                [held.version, plan.run.version],
            )
            ending = close_run(connection, plan.run, build=plan.build, error=None, waiting=None)
    return result_of(plan, all_taken, ending)


def compare_store(context: SyncContext, request: SyncRequest, *, repair: bool) -> Drift:
    """The store beside what it acknowledged; with `repair` the baseline is set to what it holds,
    for the next run to send the difference. Raises NotReadable."""
    with context.lease(), opened(context.target) as store:
        held = read(store, context.mode)
        run = request.run(context, version=held.version, tracking=held.tracking)
        with (
            scanned(store, context.marts_path, rules=context.rules) as (scan, total),
            context.warehouse() as connection,
        ):
            run = begin(connection, run)
            if repair and other_store(connection, context.target) is not None:
                forget_waiting(connection, at=run.at)
            with published(connection, context.marts_path):
                drift = compare(connection, run, scan, repair=repair)
            if repair:
                settle(connection, context.target)
    return Drift(total, tuple(drift))


def _refuse_another_store(connection: DuckDBPyConnection, context: SyncContext) -> None:
    prepare(connection)
    other = other_store(connection, context.target)
    if other is not None:
        raise OtherStore(f"nothing was put back: {other}")


def _as_taken(connection: DuckDBPyConnection, run: Run) -> list[Outcome]:
    rows = take(connection, run, limit=CHUNK).accounts
    foreseen = {
        account_id: (before, after, mrr)
        for account_id, before, after, mrr in connection.execute(
            "select account_id, status_before, status_after, mrr_after from sync.outbox"
            " where version = ? and status = 'pending'",
            [run.version],
        ).fetchall()
    }
    return [
        Outcome(
            account_id=row.account_id,
            status="acknowledged",
            op=row.op,
            traits_set=row.traits_set,
            traits_cleared=row.traits_cleared,
            reply="taken as held: nothing was sent",
            status_before=foreseen[row.account_id][0],
            status_after=foreseen[row.account_id][1],
            mrr=foreseen[row.account_id][2],
        )
        for row in rows
    ]
