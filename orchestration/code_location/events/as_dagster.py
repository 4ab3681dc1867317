"""Events as Dagster's: of a step of a job, and of what runs without one.

Enters: what happened. Leaves: what a step yields, or what Dagster's storage keeps.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from dagster import (
    AssetCheckEvaluation,
    AssetCheckResult,
    AssetCheckSeverity,
    AssetKey,
    AssetMaterialization,
    MaterializeResult,
    MetadataValue,
)

from orchestration.code_location.events.event import Event, Materialised, Verdict
from orchestration.pages.asset_metadata.markdown import Markdown

Yielded = MaterializeResult[None] | AssetCheckResult
Told = AssetMaterialization | AssetCheckEvaluation


def yielded(events: Iterable[Event]) -> Iterator[Yielded]:
    """Each as it comes, from a step of a job."""
    for event in events:
        yield made(event) if isinstance(event, Materialised) else verdict(event)


def made(event: Materialised) -> MaterializeResult[None]:
    return MaterializeResult(asset_key=AssetKey(event.asset), metadata=_metadata(event))


def verdict(event: Verdict) -> AssetCheckResult:
    return AssetCheckResult(**_of_check(event))


def told(event: Event) -> Told:
    """As Dagster keeps it where no step runs."""
    if isinstance(event, Materialised):
        return AssetMaterialization(asset_key=AssetKey(event.asset), metadata=_metadata(event))
    return AssetCheckEvaluation(**_of_check(event))


def _of_check(event: Verdict) -> dict[str, Any]:
    return {
        "asset_key": AssetKey(event.asset),
        "check_name": event.check,
        "passed": event.passed,
        "severity": AssetCheckSeverity.ERROR if event.is_error else AssetCheckSeverity.WARN,
        "description": event.text,
        "metadata": _metadata(event),
    }


def _metadata(event: Event) -> Mapping[str, Any]:
    return {
        name: MetadataValue.md(value) if isinstance(value, Markdown) else value
        for name, value in event.metadata.items()
    }
