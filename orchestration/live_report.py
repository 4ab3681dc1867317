"""What a cycle of the resident refresh made, as Dagster's asset events, and told to a listener.

Enters: cycles. Leaves: materialisations of what changed: landing tables with rows, the models that
were built, the account store. They belong to no run, so that a loop of any length needs none.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import asdict
from types import TracebackType
from typing import Any, Self

from dagster import (
    AssetCheckEvaluation,
    AssetCheckResult,
    AssetKey,
    AssetMaterialization,
    DagsterInstance,
)

from orchestration.dagster_home import dagster_instance
from orchestration.dbt_events import Event, dbt_events
from orchestration.live import Cycle
from orchestration.manifest import read_manifest
from orchestration.settings import Settings


class LiveReport:
    """`with LiveReport(settings, listener) as report`: `report(cycle)` after each cycle."""

    def __init__(
        self,
        settings: Settings,
        listener: Callable[[Cycle], None],
        instance: DagsterInstance | None = None,
    ) -> None:
        self._settings = settings
        self._listener = listener
        self._instance = instance
        self._open = ExitStack()
        self._manifest = read_manifest()

    def __enter__(self) -> Self:
        if self._instance is None:
            self._instance = self._open.enter_context(dagster_instance(self._settings))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._open.close()

    def __call__(self, cycle: Cycle) -> None:
        self._listener(cycle)
        for event in self._events(cycle):
            if self._instance:
                self._instance.report_runless_asset_event(event)

    def _events(self, cycle: Cycle) -> Iterator[AssetMaterialization | AssetCheckEvaluation]:
        if cycle.loaded:
            for name, rows in sorted(cycle.loaded.rows.items()):
                if rows:
                    yield _made(["stripe", name], rows_merged=rows, seconds=cycle.seconds["load"])
        if cycle.built:
            for event in dbt_events(self._manifest, cycle.built):
                yield _unbound(event)
        if cycle.delivered:
            counts = asdict(cycle.delivered).items()
            numbers = {name: value for name, value in counts if isinstance(value, int)}
            yield _made(["account_store"], **numbers, seconds=cycle.seconds["deliver"])


def _made(key: list[str], **metadata: Any) -> AssetMaterialization:
    return AssetMaterialization(asset_key=key, metadata=metadata)


def _unbound(event: Event) -> AssetMaterialization | AssetCheckEvaluation:
    """A run's result as an event that belongs to no run."""
    if isinstance(event, AssetCheckResult):
        return AssetCheckEvaluation(
            asset_key=event.asset_key or AssetKey([]),
            check_name=event.check_name or "",
            passed=event.passed,
            severity=event.severity,
            metadata=event.metadata,
        )
    return AssetMaterialization(asset_key=event.asset_key or AssetKey([]), metadata=event.metadata)
