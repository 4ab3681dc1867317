"""Stripe -> `stripe.*`, under the writers' lock: the changes, what the inbox names, a comparison.

Enters: the settings, a reporter. Leaves: what was read and merged.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ingestion.accounts import load_all, reconcile_all
from ingestion.changes import OVERLAP
from ingestion.load import Bounds, LoadResult
from ingestion.load_pending import load_pending
from ingestion.reconcile.slices import Share
from ingestion.stripe_api.connection import Connection
from orchestration.configuration.settings import Settings
from orchestration.locks import lock
from orchestration.stripe_accounts import connections, paths
from orchestration.terminal.reporter import Reporter

if TYPE_CHECKING:
    from ingestion.reconcile.repair import Compared


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
) -> dict[str, "Compared"]:
    """A share of Stripe's objects beside `stripe.*`, repaired.

    Raises StripeError, DeletionLimitReached.
    """
    bounds = Bounds(gone_limit_percent=None if allow_gone else settings.stripe_gone_limit_percent)
    with lock(settings.folder, "reconcile", reporter):
        return reconcile_all(
            connections(settings), paths(settings), share, progress=reporter.loaded, bounds=bounds
        )
