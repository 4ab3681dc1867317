"""What the webhook receiver answers at `/metrics`: the figures of `status`, and its own counts.

Enters: the settings, the counts since the start. Leaves: text.
"""

from collections.abc import Iterator, Mapping

from orchestration.configuration.settings import Settings
from orchestration.monitoring.metrics.exposition import Metric, Sample, exposition
from orchestration.monitoring.metrics.of_status import PREFIX, metrics
from orchestration.monitoring.status import read_status
from orchestration.terminal.failures import Unknown


def written(settings: Settings, counts: Mapping[str, int]) -> str:
    """Before anything was published, the counts alone."""
    return exposition([*_of_status(settings), _deliveries(counts)])


def _of_status(settings: Settings) -> Iterator[Metric]:
    try:
        status = read_status(settings)
    except Unknown:
        return
    yield from metrics(status)


def _deliveries(counts: Mapping[str, int]) -> Metric:
    """By the receiver's outcomes, each of which docs/operations.md explains."""
    samples = (Sample(count, {"outcome": name}) for name, count in sorted(counts.items()))
    told = "Deliveries since the receiver's start"
    return Metric(f"{PREFIX}webhook_deliveries_total", told, tuple(samples), "counter")
