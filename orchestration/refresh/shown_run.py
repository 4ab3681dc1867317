"""The run that shows a refresh on Dagster's page, begun beside the work that it shows.

Enters: the settings, the run's tags. Leaves: the run, as soon as somebody has something to tell.
To load Dagster and open its storage takes two seconds of one processor, in which the other one
reads Stripe and builds.
"""

from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from orchestration.code_location.job_names import REFRESH
from orchestration.configuration.settings import Settings

if TYPE_CHECKING:
    from orchestration.code_location.events.recorded_run import RecordedRun


@dataclass(frozen=True)
class ShownRun:
    """What is told waits for `_begun`."""

    _begun: "Future[RecordedRun]"

    def get(self) -> "RecordedRun":
        """Raises what Dagster's storage raised."""
        return self._begun.result()


@contextmanager
def shown_run(
    settings: Settings, tags: Mapping[str, str], *, began: datetime
) -> Iterator[ShownRun]:
    """A run that ends as the block does."""
    with ExitStack() as run, ThreadPoolExecutor(1) as beside:
        yield ShownRun(beside.submit(_begin, run, settings, tags, began))


def _begin(
    run: ExitStack, settings: Settings, tags: Mapping[str, str], began: datetime
) -> "RecordedRun":
    import orchestration.code_location.asset_checks
    import orchestration.code_location.events.stage_events  # noqa: F401  loaded here, used later
    from orchestration.code_location.events.recorded_run import recorded_run

    return run.enter_context(recorded_run(settings, REFRESH, tags, began=began))
