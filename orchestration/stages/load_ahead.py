"""A load that goes before its run, because only it tells whether there is work for a run.

Enters: the settings, a reporter. Leaves: what the load did, for the run that shows it. Dagster
costs a second to load, which a command saves that finds nothing changed.
"""

import time
from dataclasses import dataclass
from datetime import datetime

from ingestion.load import LoadResult
from orchestration.clock import now
from orchestration.configuration.settings import Settings
from orchestration.stages.load import load_stage
from orchestration.terminal.reporter import Reporter


@dataclass(frozen=True)
class LoadedAhead:
    """What a load did, or why it failed; when it began (aware UTC), and the seconds it took."""

    began: datetime
    outcome: LoadResult | Exception
    seconds: float

    def result(self) -> LoadResult:
        """Raises what the load raised: the run fails as if it had loaded."""
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


def load_ahead(settings: Settings, reporter: Reporter, *, full: bool = False) -> LoadedAhead:
    """The changes at Stripe, or everything where that is due or asked for."""
    began, started = now(), time.monotonic()
    outcome: LoadResult | Exception
    try:
        outcome = load_stage(settings, reporter, full=full)
    except Exception as failure:  # noqa: BLE001  the run raises it
        outcome = failure
    return LoadedAhead(began, outcome, time.monotonic() - started)
