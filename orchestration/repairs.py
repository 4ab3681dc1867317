"""The repairs that a person asks for: retry, undo, resync, a new baseline, reconcile, tracking.

Enters: the settings, what was asked. Leaves: the result of one run, its records published; of
tracking the changes, which the next run brings to the accounts.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from uuid import uuid4

from duckdb import DuckDBPyConnection

from orchestration.clock import now
from orchestration.configuration.data_folder import DataFolder
from orchestration.configuration.settings import Settings
from orchestration.locks import lease, open_sync_records
from orchestration.publication.marts import need
from orchestration.stages.delivery import publishing_records, run_delivery, sync_context
from orchestration.terminal.reporter import Reporter
from reverse_sync.deliver.dead_letters import Letters, release
from reverse_sync.deliver.result import SyncResult
from reverse_sync.repair.operations import adopt_baseline, compare_store, undo_run
from reverse_sync.repair.reconcile_store import Drift
from reverse_sync.state.delivered import owe_delivery, settle_delivery
from reverse_sync.state.run import Scope
from reverse_sync.stores.url import opened
from reverse_sync.sync_request import SyncRequest
from reverse_sync.values.tracking import SettingChange, Tracking

# Who asks for all accounts means more updates than a guard lets pass.
RESYNC_OVERRIDES = frozenset({"updates", "state_lost", "store_behind"})
# All accounts make another store whole; chosen ones would not.
RESYNC_ALL_OVERRIDES = RESYNC_OVERRIDES | {"other_store"}


def retry(
    settings: Settings, reporter: Reporter, letters: Letters, *, overridden: frozenset[str]
) -> SyncResult:
    """Lets dead letters go again, with everything else that is to be sent."""
    _owe_delivery(settings, reporter)
    with open_sync_records(settings.folder, reporter) as connection:
        release(connection, letters, at=now())
    return run_delivery(settings, reporter, _request("retry", overridden=overridden))


def undo(settings: Settings, reporter: Reporter, asked: str) -> SyncResult:
    """Puts a run back. Raises UnknownRun."""
    need(settings.marts)
    with publishing_records(settings.folder, reporter):
        context = sync_context(settings, reporter)
        return undo_run(context, _request("undo"), asked, on_progress=reporter.delivered)


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
    request = _request("resync", scope=scope, overridden=overridden | meant)
    result = run_delivery(settings, reporter, request)
    if accounts is not None and not (result.pending or result.deferred):
        with _records(settings.folder, reporter) as connection:
            settle_delivery(connection, owed)
    return result


def reset_baseline(settings: Settings, reporter: Reporter) -> SyncResult:
    """Takes account_traits as it is as acknowledged; nothing is sent."""
    _owe_delivery(settings, reporter)
    with publishing_records(settings.folder, reporter):
        return adopt_baseline(sync_context(settings, reporter), _request("baseline"))


def reconcile(
    settings: Settings, reporter: Reporter, *, repair: bool, overridden: frozenset[str]
) -> tuple[Drift, SyncResult | None]:
    """Compares the store with what it acknowledged; with `repair` it is brought back to the
    model. Raises NotReadable."""
    if repair:
        _owe_delivery(settings, reporter)
    need(settings.marts)
    with publishing_records(settings.folder, reporter):
        context = sync_context(settings, reporter)
        drift = compare_store(context, _request("reconcile"), repair=repair)
    if not repair:
        return drift, None
    # What is known is what the store holds, now: where that is nothing of ours, nothing is lost.
    request = _request("repair", overridden=overridden | {"state_lost"})
    return drift, run_delivery(settings, reporter, request)


def change_tracking(
    settings: Settings,
    reporter: Reporter,
    decide: Callable[[Tracking, Sequence[SettingChange]], Sequence[SettingChange]],
) -> Sequence[SettingChange]:
    """Writes what `decide` makes of the settings and their history. Nobody delivers meanwhile, so
    that what is owed is not forgotten before it is there to be read. Raises WrongSetting."""
    with lease(settings.folder, reporter), opened(settings.target) as store:
        history = [change for _, change in store.read_tracking_history()]
        changes = decide(store.read_tracking(), history)
        if changes:
            if settings.marts.exists():
                _owe_delivery(settings, reporter)
            store.write_tracking(changes, at=now())
    return changes


def _owe_delivery(settings: Settings, reporter: Reporter) -> str | None:
    """Published before the repair begins: should it be killed, the next sync delivers the rest.
    The build that was delivered until now."""
    need(settings.marts)
    with _records(settings.folder, reporter) as connection:
        return owe_delivery(connection)


@contextmanager
def _records(folder: DataFolder, reporter: Reporter) -> Iterator[DuckDBPyConnection]:
    """The sync's records, published afterwards."""
    with publishing_records(folder, reporter), open_sync_records(folder, reporter) as connection:
        yield connection


def _request(
    kind: str, *, scope: Scope | None = None, overridden: frozenset[str] = frozenset()
) -> SyncRequest:
    moment = now()
    return SyncRequest(
        run_id=str(uuid4()),
        as_of=moment,
        now=moment,
        kind=kind,
        scope=scope or Scope(),
        overridden=overridden,
    )
