"""One refresh for a command: through Dagster where there is something to do, else a short look.

Enters: the settings, `as_of`, whether everything is read. Leaves: the account store true to Stripe,
and a run on Dagster's page unless nothing was to be done. What is not known counts as due.
"""

from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime

from orchestration.clock import now
from orchestration.code_location.job_names import REFRESH
from orchestration.configuration.settings import Settings
from orchestration.dagster_local.last_run import ended_well
from orchestration.locks import kept_open
from orchestration.monitoring.refreshed import note_refreshed
from orchestration.publication.delivery_due import is_due_or_lost
from orchestration.publication.marts import reading
from orchestration.publication.stores_due import any_due
from orchestration.refresh.made import Made
from orchestration.stages.build_due import build_due
from orchestration.stages.load_ahead import load_ahead
from orchestration.terminal.logs import log
from orchestration.terminal.reporter import Reporter


def refresh_if_due(  # noqa: PLR0913  (all by keyword)
    settings: Settings,
    reporter: Reporter,
    *,
    full: bool,
    as_of: datetime | None,
    overridden: frozenset[str],
    on_made: Callable[[Made], None],
) -> None:
    """Raises what a stage raised: StripeError, TransformFailed, Blocked, AccountStoreError, ..."""
    ahead = None
    with ExitStack() as held:  # the warehouse, from the load to the build
        if not full and settings.marts.exists() and ended_well(settings.folder.dagster, REFRESH):
            held.enter_context(kept_open(settings.folder, reporter))
            ahead = load_ahead(settings, reporter)
            failed = isinstance(ahead.outcome, Exception)
            if not (failed or build_due(settings, reporter, as_of=as_of or now())):
                held.close()
                if not _delivery_due(settings, as_of):
                    note_refreshed(settings.folder, at=now())
                    log.info("nothing changed: nothing is built or sent")
                    return
        from orchestration.refresh.by_stages import refresh

        refresh(
            settings,
            reporter,
            full=full,
            as_of=as_of,
            overridden=overridden,
            on_made=on_made,
            ahead=ahead,
            held=held,
        )


def _delivery_due(settings: Settings, as_of: datetime | None) -> bool:
    """Asks the stores, which may take their time: without the lock."""
    with reading(settings.marts):  # opened once for all that is asked of it
        return is_due_or_lost(settings, at=now(), as_of=as_of) or any_due(settings, as_of=as_of)
