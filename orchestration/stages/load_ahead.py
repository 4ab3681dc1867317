"""A load that goes before its Dagster run, because only it tells whether there is work for a run.

Enters: the settings, a reporter. Leaves: what the load did, for the run that shows it. Dagster and
dbt cost some seconds to import, which a command saves that finds nothing changed.
"""

import time
from dataclasses import dataclass

from ingestion.load import LoadResult
from orchestration.configuration.settings import Settings
from orchestration.stages.load import load_stage
from orchestration.terminal.reporter import Reporter


@dataclass(frozen=True)
class LoadedAhead:
    """What a load did, or why it failed, and the seconds that it took."""

    outcome: LoadResult | Exception
    seconds: float

    def result(self) -> LoadResult:
        """Raises what the load raised: the run fails as if it had loaded."""
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


def load_ahead(settings: Settings, reporter: Reporter) -> LoadedAhead:
    """The changes at Stripe, or everything where that is due."""
    began = time.monotonic()
    outcome: LoadResult | Exception
    try:
        outcome = load_stage(settings, reporter, full=False)
    except Exception as failure:  # noqa: BLE001  the run raises it
        outcome = failure
    return LoadedAhead(outcome, time.monotonic() - began)
