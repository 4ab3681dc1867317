"""The deliveries that a person asks for: retry, undo, resync, baseline, repair.

Enters: the settings, what was asked. Leaves: the result of one run, its records published.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

from duckdb import DuckDBPyConnection

from orchestration.configuration.data_folder import DataFolder
from orchestration.configuration.settings import Settings
from orchestration.locks import open_warehouse
from orchestration.publication.marts import need
from orchestration.stages import deliver_order, now, publishing_records, surroundings
from orchestration.terminal.reporter import Reporter
from reverse_sync.deliver.dead_letters import Letters, release
from reverse_sync.deliver.result import SyncResult
from reverse_sync.repair.operations import compared, rebased, undone
from reverse_sync.repair.reconcile_store import Drift
from reverse_sync.run_request import Order
from reverse_sync.state.delivered import owe_delivery, settle_delivery
from reverse_sync.state.run import Scope

# Who asks for all accounts means more updates than a guard lets pass.
RESYNC_OVERRIDES = frozenset({"updates", "state_lost", "store_behind"})
# All accounts make another store whole; chosen ones would not.
RESYNC_ALL_OVERRIDES = RESYNC_OVERRIDES | {"other_store"}


def retry(
    settings: Settings, reporter: Reporter, letters: Letters, *, overridden: frozenset[str]
) -> SyncResult:
    """Lets dead letters go again, with everything else that is to be sent."""
    _owe_delivery(settings, reporter)
    with open_warehouse(settings.folder, reporter) as connection:
        release(connection, letters, at=now())
    return deliver_order(settings, reporter, _order("retry", overridden=overridden))


def undo(settings: Settings, reporter: Reporter, asked: str) -> SyncResult:
    """Puts a run back. Raises UnknownRun."""
    need(settings.marts)
    with publishing_records(settings.folder, reporter):
        return undone(
            surroundings(settings, reporter), _order("undo"), asked, on_progress=reporter.delivered
        )


def resync(
    settings: Settings,
    reporter: Reporter,
    accounts: tuple[str, ...] | None,
    *,
    overridden: frozenset[str],
) -> SyncResult:
    """Sends accounts whole; None: all of them. Raises UnknownAccount."""
    owed = _owe_delivery(settings, reporter)
    scope = Scope(accounts=accounts, whole=True)
    meant = RESYNC_ALL_OVERRIDES if accounts is None else RESYNC_OVERRIDES
    order = _order("resync", scope=scope, overridden=overridden | meant)
    result = deliver_order(settings, reporter, order)
    if accounts is not None and not (result.pending or result.deferred):
        with _records(settings.folder, reporter) as connection:
            settle_delivery(connection, owed)
    return result


def reset_baseline(settings: Settings, reporter: Reporter) -> SyncResult:
    """Takes account_traits as it is as acknowledged; nothing is sent."""
    _owe_delivery(settings, reporter)
    with publishing_records(settings.folder, reporter):
        return rebased(surroundings(settings, reporter), _order("baseline"))


def reconcile(
    settings: Settings, reporter: Reporter, *, repair: bool, overridden: frozenset[str]
) -> tuple[Drift, SyncResult | None]:
    """Compares the store with what it acknowledged; with `repair` it is brought back to the
    model. Raises NotReadable."""
    if repair:
        _owe_delivery(settings, reporter)
    need(settings.marts)
    with publishing_records(settings.folder, reporter):
        around = surroundings(settings, reporter)
        drift = compared(around, _order("reconcile"), repair=repair)
    if not repair:
        return drift, None
    # What is known is what the store holds, now: where that is nothing of ours, nothing is lost.
    order = _order("repair", overridden=overridden | {"state_lost"})
    return drift, deliver_order(settings, reporter, order)


def _owe_delivery(settings: Settings, reporter: Reporter) -> str | None:
    """Published before the repair begins: should it be killed, the next sync delivers the rest.
    The build that was delivered until now."""
    need(settings.marts)
    with _records(settings.folder, reporter) as connection:
        return owe_delivery(connection)


@contextmanager
def _records(folder: DataFolder, reporter: Reporter) -> Iterator[DuckDBPyConnection]:
    """The sync's records, published afterwards."""
    with publishing_records(folder, reporter), open_warehouse(folder, reporter) as connection:
        yield connection


def _order(
    kind: str, *, scope: Scope | None = None, overridden: frozenset[str] = frozenset()
) -> Order:
    moment = now()
    return Order(
        run_id=str(uuid4()),
        as_of=moment,
        now=moment,
        kind=kind,
        scope=scope or Scope(),
        overridden=overridden,
    )
