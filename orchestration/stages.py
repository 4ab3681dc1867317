"""The stages of a refresh, each a call: load, transform (which publishes), deliver.

Enters: the settings, `as_of`, a reporter. Leaves: what each stage returns. Here stands which stage
holds the writers' lock; the stages' work stands in their own packages.
"""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from time import monotonic

import duckdb

from ingestion.accounts import load_all, reconcile_all
from ingestion.changes import OVERLAP
from ingestion.inbox.events_db import Inbox
from ingestion.inbox.latency import Latency
from ingestion.load import Bounds, LoadResult
from ingestion.load_pending import load_pending
from ingestion.merge.warehouse import opened_once
from ingestion.reconcile.repair import Compared
from ingestion.reconcile.slices import Share
from ingestion.stripe_api.connection import Connection
from orchestration.build.node_result import NodeResult
from orchestration.build.scope import BuildKind, BuildScope, decide
from orchestration.build.transform import TransformFailed, find_failure, transform
from orchestration.configuration.data_folder import DataFolder
from orchestration.configuration.settings import Settings
from orchestration.locks import lease, lock, open_warehouse
from orchestration.monitoring.health import refreshed_at
from orchestration.publication.marts import published_mode
from orchestration.publication.publish import publish, publish_sync, published_build
from orchestration.publication.published_file import Copy
from orchestration.stripe_accounts import connections, paths
from orchestration.terminal.reporter import Reporter
from reverse_sync.deliver.result import SyncResult
from reverse_sync.sync import deliver
from reverse_sync.sync_request import SyncContext, SyncRequest, Timed


@dataclass(frozen=True)
class Built:
    """What dbt did, the rows that were published by mart, and why nothing was, if so; the rows of
    every table in the warehouse, by schema and name."""

    results: list[NodeResult]
    published: dict[str, int]
    failure: TransformFailed | None
    publishing: float = 0.0  # seconds
    rows: Mapping[tuple[str, str], int] = field(default_factory=dict)


def load_stage(
    settings: Settings, reporter: Reporter, *, full: bool, overlap: int = OVERLAP
) -> LoadResult:
    """Stripe -> `stripe.*`. Raises StripeError, DeletionLimitReached."""
    bounds = Bounds(gone_limit_percent=settings.stripe_gone_limit_percent, overlap=overlap)
    with lock(settings.folder, "load", reporter):
        result = load_all(
            connections(settings),
            paths(settings),
            full=full,
            progress=reporter.loaded,
            bounds=bounds,
        )
        if settings.warehouse.exists():
            settings.warehouse.chmod(0o600)
    return result


def pending_stage(
    settings: Settings, reporter: Reporter, accounts: Mapping[str, Connection]
) -> LoadResult | None:
    """What the inbox names, alone; None: there is nothing, or a `load_stage` is due."""
    with lock(settings.folder, "load", reporter):
        return load_pending(accounts, paths(settings), progress=reporter.loaded)


def reconcile_stage(
    settings: Settings, reporter: Reporter, *, share: Share, allow_gone: bool = False
) -> dict[str, Compared]:
    """A share of Stripe's objects beside `stripe.*`, repaired.

    Raises StripeError, DeletionLimitReached.
    """
    bounds = Bounds(gone_limit_percent=None if allow_gone else settings.stripe_gone_limit_percent)
    with lock(settings.folder, "reconcile", reporter):
        return reconcile_all(
            connections(settings), paths(settings), share, progress=reporter.loaded, bounds=bounds
        )


def transform_stage(
    settings: Settings, reporter: Reporter, *, as_of: datetime, full: bool = False
) -> Built:
    """`stripe.*` -> marts -> `marts.duckdb`, under one lock; nothing where nothing changed.

    Published only if every model and test passed; else `failure` says why and the last good copy
    stands.
    """
    with (
        lock(settings.folder, "transform", reporter),
        closing(Copy(settings.marts)) as copy,
        opened_once(settings.warehouse),
    ):
        made = transform(
            settings, as_of=as_of, full=full, on_node=reporter.built, on_scope=copy.begin_for
        )
        with duckdb.connect(str(settings.warehouse)) as database:
            failure = find_failure(database, made.results)
            began = monotonic()
            published = {} if failure else _publish(database, copy, made.scope)
            publishing = monotonic() - began
            rows = table_rows(database) if made.results else {}
            return Built(made.results, published, failure, publishing, rows)


def table_rows(database: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], int]:
    """Rows of every table, by schema and name, counted: DuckDB's estimate keeps deleted ones."""
    tables = database.execute(
        "select schema_name, table_name from duckdb_tables()"
        " where database_name = current_database() and not temporary order by all"
    ).fetchall()
    counts = [f'(select count(*) from "{schema}"."{name}")' for schema, name in tables]
    [found] = database.execute(f"select [{', '.join(counts)}]").fetchall()
    return dict(zip(tables, found[0], strict=True))


def _publish(database: duckdb.DuckDBPyConnection, copy: Copy, scope: BuildScope) -> dict[str, int]:
    if scope.kind is BuildKind.NOTHING and published_build(database, copy.marts) == scope.id:
        return {}
    return publish(database, copy.marts, build=scope.id, follows=scope.follows, at=now(), copy=copy)


def build_due(settings: Settings, reporter: Reporter, *, as_of: datetime) -> str | None:
    """Why the marts must be built again at `as_of`; None: they are what they would be."""
    with open_warehouse(settings.folder, reporter) as database:
        scope = decide(database, settings, as_of=as_of)
        if scope.kind is not BuildKind.NOTHING:
            return scope.why
        if published_build(database, settings.marts) != scope.id:
            return "the last build was not published"
        return None


def deliver_stage(  # noqa: PLR0913  (all by keyword)
    settings: Settings,
    reporter: Reporter,
    *,
    as_of: datetime,
    run_id: str,
    overridden: frozenset[str] = frozenset(),
    timed: Timed = nullcontext,
) -> SyncResult:
    """`account_traits` -> account store, without the lock while the store is written.

    Raises Blocked where a guard trips that is not overridden: nothing was sent.
    """
    request = SyncRequest(run_id=run_id, as_of=as_of, now=now(), overridden=overridden)
    return run_delivery(settings, reporter, request, timed)


def run_delivery(
    settings: Settings, reporter: Reporter, request: SyncRequest, timed: Timed = nullcontext
) -> SyncResult:
    """One run of the reverse-sync, and its records published."""
    with publishing_records(settings.folder, reporter):
        context = sync_context(settings, reporter, timed)
        result = deliver(context, request, on_progress=reporter.delivered)
        for change in result.overridden:
            reporter.overrode(change)
        return result


def sync_context(settings: Settings, reporter: Reporter, timed: Timed = nullcontext) -> SyncContext:
    """What a run of the reverse-sync needs around it, from the settings.

    The mode is that of the marts: in another one all their accounts would look churned.
    """
    return SyncContext(
        marts_path=settings.marts,
        warehouse=lambda: open_warehouse(settings.folder, reporter),
        target=settings.target,
        multiple_subscriptions=sent_mode(settings),
        lease=lambda: lease(settings.folder, reporter),
        timed=timed,
        guards=replace(settings.guards, refreshed_at=refreshed_at(settings.folder)),
    )


def sent_mode(settings: Settings) -> bool:
    """MULTIPLE_SUBSCRIPTIONS as the published marts were built; a change waits for a build."""
    built = published_mode(settings.marts)
    return settings.multiple_subscriptions if built is None else built


@contextmanager
def publishing_records(folder: DataFolder, reporter: Reporter) -> Iterator[None]:
    """Afterwards what the sync knows is published, however the block ends."""
    try:
        yield
    finally:
        with open_warehouse(folder, reporter) as database:
            publish_sync(database, folder.marts)


def loaded_until(folder: DataFolder) -> datetime:
    """When the marts were published (naive UTC): all loads before are in them, no later one is."""
    published = folder.marts.stat().st_mtime
    return datetime.fromtimestamp(published, UTC).replace(tzinfo=None)


def measure_stage(folder: DataFolder, *, reached_at: datetime, loaded_until: datetime) -> Latency:
    """How long the events took whose objects the account store now shows."""
    with Inbox.open(folder.inbox) as inbox:
        return inbox.measure(reached_at=reached_at, loaded_until=loaded_until)


def now() -> datetime:
    """The clock on the wall, for what waits and what grows old: never for what is computed."""
    return datetime.now(UTC)
