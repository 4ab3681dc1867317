"""What is done to the store beside a sync: undo, a new baseline, a comparison.

Enters: the surroundings and an order. Leaves: results. Each holds the target's lease, so that no
run sends meanwhile.
"""

from dataclasses import replace

from duckdb import DuckDBPyConnection

from reverse_sync.deliver.delivery import Progress, Sender
from reverse_sync.deliver.outbox import take
from reverse_sync.deliver.push import Outcome
from reverse_sync.deliver.remember import remember
from reverse_sync.deliver.result import SyncResult, result_of
from reverse_sync.deliver.run_end import close_run
from reverse_sync.diff.candidates import published
from reverse_sync.guards import GUARDS, UPSTREAM
from reverse_sync.plan.fill_outbox import begin, record
from reverse_sync.plan.planning import Planner, read
from reverse_sync.repair.reconcile_store import Drift, compare, scanned
from reverse_sync.repair.undo import undo_into_outbox, version_of
from reverse_sync.run_request import Order, Surroundings
from reverse_sync.state.run import Run, Scope
from reverse_sync.state.schema import prepare
from reverse_sync.state.store_identity import OtherStore, forget_waiting, other_store, settle
from reverse_sync.stores.url import opened
from reverse_sync.sync import finished, silent

CHUNK = 5_000
EVERY_GUARD = frozenset((*GUARDS, *UPSTREAM))


def undone(
    around: Surroundings, order: Order, asked: str, *, on_progress: Progress = silent
) -> SyncResult:
    """Puts back what the run `asked` for changed. Raises UnknownRun, SyncInterrupted."""
    with around.lease(), opened(around.target) as store:
        tracking = store.read_tracking()
        version = store.highest_version()
        with around.warehouse() as connection:
            _refuse_another_store(connection, around)
            # The accounts are the run's: nothing is known of the others.
            order = replace(order, scope=Scope(accounts=()))
            run = begin(connection, order.run(version=version, mode=around.mode, tracking=tracking))
            plan = undo_into_outbox(connection, run, version_of(connection, asked))
            plan = record(connection, plan, overridden=frozenset())
        ending = Sender(store, around.warehouse, tracking, on_progress).deliver(plan)
    return finished(plan, ending)


def rebased(around: Surroundings, order: Order) -> SyncResult:
    """Takes what account_traits says as what the store holds; nothing is sent."""
    order = replace(order, overridden=EVERY_GUARD)
    with around.lease(), opened(around.target) as store:
        held = read(store, around.mode)
        if held.changes:
            store.write_tracking(held.changes, at=order.as_of)
        with around.warehouse() as connection:
            plan = Planner(connection, around, order, held).commit()
            while outcomes := _as_taken(connection, plan.run):
                remember(connection, plan.run, outcomes)
            # The store has not moved: its own version is what it holds.
            connection.execute(
                "update sync.sync_snapshot set version = ? where version = ?",
                [held.version, plan.run.version],
            )
            ending = close_run(connection, plan.run, build=plan.build, error=None, waiting=None)
    return result_of(plan, ending)


def compared(around: Surroundings, order: Order, *, repair: bool) -> Drift:
    """The store beside what it acknowledged; with `repair` the baseline is set to what it holds,
    for the next run to send the difference. Raises NotReadable."""
    with around.lease(), opened(around.target) as store:
        held = read(store, around.mode)
        run = order.run(version=held.version, mode=around.mode, tracking=held.tracking)
        with (
            scanned(store, around.marts_path.parent) as (scan, total),
            around.warehouse() as connection,
        ):
            run = begin(connection, run)
            if repair and other_store(connection, around.target) is not None:
                forget_waiting(connection, at=run.at)
            with published(connection, around.marts_path):
                drift = compare(connection, run, scan, repair=repair)
            if repair:
                settle(connection, around.target)
    return Drift(total, tuple(drift))


def _refuse_another_store(connection: DuckDBPyConnection, around: Surroundings) -> None:
    prepare(connection)
    other = other_store(connection, around.target)
    if other is not None:
        raise OtherStore(f"nothing was put back: {other}")


def _as_taken(connection: DuckDBPyConnection, run: Run) -> list[Outcome]:
    rows = take(connection, run, limit=CHUNK)
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
            reply="taken as held: nothing was sent",
            status_before=foreseen[row.account_id][0],
            status_after=foreseen[row.account_id][1],
            mrr=foreseen[row.account_id][2],
        )
        for row in rows
    ]
