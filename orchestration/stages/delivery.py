"""Published marts -> account store: what a run of the reverse-sync needs around it.

Enters: the settings, `as_of`, a reporter. Leaves: the run's result, and its records published. The
writers' lock is not held while the store is written.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from datetime import datetime

from ingestion.merge.memory import few_cycles
from orchestration.clock import now
from orchestration.configuration.data_folder import DataFolder
from orchestration.configuration.settings import Settings
from orchestration.locks import lease, open_sync_records
from orchestration.monitoring import checks
from orchestration.monitoring.refreshed import refreshed_at
from orchestration.publication.marts import published_mode, reading
from orchestration.publication.publish import publish_sync
from orchestration.terminal.reporter import Reporter
from orchestration.warehouse.memory import again_without_limit, never
from reverse_sync.deliver.result import SyncResult
from reverse_sync.state.run import Scope
from reverse_sync.sync import deliver
from reverse_sync.sync_request import SyncContext, SyncRequest, Timed, nothing

EVERYONE = Scope()


class MartsRefused(Exception):
    """The marts were built, and a check says that they must not reach the account store."""


def deliver_stage(  # noqa: PLR0913  (all by keyword)
    settings: Settings,
    reporter: Reporter,
    *,
    as_of: datetime,
    run_id: str,
    overridden: frozenset[str] = frozenset(),
    timed: Timed = nullcontext,
    publishes: bool = True,
    planned: Callable[[], None] = nothing,
    scope: Scope = EVERYONE,
) -> SyncResult:
    """`account_traits` -> account store, without the lock while the store is written. `publishes`:
    whether what it noted is published, too, or left to the next publication. `planned`: lets go of
    the warehouse, where the caller holds it. `scope`: which accounts are looked at.

    Raises Blocked where a guard trips that is not overridden, MartsRefused: nothing was sent.
    """
    request = SyncRequest(run_id=run_id, as_of=as_of, now=now(), overridden=overridden, scope=scope)
    with reading(settings.marts):  # opened once for all that is asked of it
        check_marts(settings)
        context = sync_context(settings, reporter, timed, planned)
    with publishing_records(settings.folder, reporter) if publishes else nullcontext():
        return _delivered(context, request, reporter)


def check_marts(settings: Settings) -> None:
    """Whoever delivers asks: a build that was refused once must not be sent the next time."""
    for check in checks.OF_MARTS:
        found = check(settings)
        if found.verdict == "fail":
            raise MartsRefused(f"{check.__name__}: {found.text}; nothing was sent")


def run_delivery(settings: Settings, reporter: Reporter, request: SyncRequest) -> SyncResult:
    """One run of the reverse-sync, and its records published."""
    with publishing_records(settings.folder, reporter):
        return _delivered(sync_context(settings, reporter), request, reporter)


def _delivered(context: SyncContext, request: SyncRequest, reporter: Reporter) -> SyncResult:
    with few_cycles():
        # A second time goes on where the first one was: the outbox says how far.
        result = again_without_limit(
            lambda: deliver(context, request, on_progress=reporter.delivered), fails=never
        )
    for change in result.overridden:
        reporter.overrode(change)
    return result


def sync_context(
    settings: Settings,
    reporter: Reporter,
    timed: Timed = nullcontext,
    planned: Callable[[], None] = nothing,
) -> SyncContext:
    """What a run of the reverse-sync needs around it, from the settings.

    The mode is that of the marts: in another one all their accounts would look churned.
    """
    return SyncContext(
        marts_path=settings.marts,
        warehouse=lambda: open_sync_records(settings.folder, reporter),
        target=settings.target,
        multiple_subscriptions=sent_mode(settings),
        lease=lambda: lease(settings.folder, reporter, planned),
        planned=planned,
        timed=timed,
        rules=settings.store_rules,
        shared_plans=settings.shared_plans,
        guards=replace(settings.guards, refreshed_at=refreshed_at(settings.folder)),
    )


def sent_mode(settings: Settings) -> bool:
    """MULTIPLE_SUBSCRIPTIONS as the published marts were built; a change waits for a build."""
    built = published_mode(settings.marts)
    return settings.multiple_subscriptions if built is None else built


@contextmanager
def publishing_records(folder: DataFolder, reporter: Reporter) -> Iterator[None]:
    """Afterwards what the sync knows is published, however the block ends. A further store's
    records are read where they are."""
    try:
        yield
    finally:
        if not folder.store:
            again_without_limit(lambda: _publish_records(folder, reporter), fails=never)


def _publish_records(folder: DataFolder, reporter: Reporter) -> None:
    with open_sync_records(folder, reporter) as database:
        publish_sync(database, folder.marts)
