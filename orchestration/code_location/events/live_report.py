"""What a cycle of the resident refresh made, as Dagster's asset events, and told to a listener.

Enters: cycles. Leaves: materialisations of what changed: landing tables with rows, the models that
were built, the account store. They belong to no run, so that a loop of any length needs none.
"""

import threading
from collections.abc import Callable, Hashable, Iterator
from contextlib import ExitStack
from typing import Any, Self

from dagster import DagsterInstance

from orchestration.code_location.events.as_dagster import told
from orchestration.code_location.events.dbt_events import dbt_events
from orchestration.code_location.events.event import Event, Materialised, Verdict
from orchestration.code_location.events.own_traits_events import own_traits_events
from orchestration.configuration.settings import Settings
from orchestration.dagster_local.dagster_home import dagster_instance
from orchestration.live.resident import Cycle
from orchestration.pages.asset_metadata.delivery_metadata import as_metadata
from orchestration.terminal.logs import log
from orchestration.terminal.machine_faults import machine_fault


class LiveReport:
    """`with LiveReport(settings, listener) as report`: `report(cycle)` after each cycle.

    Dagster's storage takes some hundredths of a second for each event. So a thread tells it, and of
    several cycles that wait together each asset's last event.
    """

    def __init__(
        self,
        settings: Settings,
        listener: Callable[[Cycle], None],
        instance: DagsterInstance | None = None,
        every_seconds: float = 10.0,
    ) -> None:
        self._settings = settings
        self._listener = listener
        self._instance = instance
        self._every = every_seconds
        self._open = ExitStack()
        self._waiting: dict[Hashable, Event] = {}
        self._guard = threading.Lock()
        self._over = threading.Event()

    def __enter__(self) -> Self:
        if self._instance is None:
            self._instance = self._open.enter_context(dagster_instance(self._settings))
        self._thread = threading.Thread(target=self._tell_in_turn, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._open.close()

    def __call__(self, cycle: Cycle) -> None:
        self._listener(cycle)
        with self._guard:
            for event in self._events(cycle):
                self._waiting[_what(event)] = event

    def _tell_in_turn(self) -> None:
        while not self._over.wait(self._every):
            self._tell()
        self._tell()

    def _tell(self) -> None:
        with self._guard:
            waiting, self._waiting = self._waiting, {}
        for event in waiting.values():
            if self._instance:
                self._report(self._instance, event)

    @staticmethod
    def _report(instance: DagsterInstance, event: Event) -> None:
        """Where Dagster's storage cannot be written, its page lacks the event; the cycles go on."""
        try:
            instance.report_runless_asset_event(told(event))
        except Exception as error:
            fault = machine_fault(error)
            if fault is None:
                raise
            log.warning("Dagster's page lacks an event: %s", fault)

    def _events(self, cycle: Cycle) -> Iterator[Event]:
        if cycle.loaded:
            for name, rows in sorted(cycle.loaded.rows.items()):
                if rows:
                    yield _made("stripe", name, rows_merged=rows, seconds=cycle.seconds["load"])
        if cycle.ahead:
            counts = {
                "dagster/row_count": cycle.ahead.published.rows,
                "rebuilt": cycle.ahead.accounts,
            }
            yield _made("marts", "account_traits", **counts, seconds=cycle.seconds["ahead"])
        if cycle.built:
            yield from dbt_events(cycle.built)
            yield from own_traits_events(self._settings)
        if cycle.delivered:
            counts = as_metadata(cycle.delivered)
            yield _made("account_store", **counts, seconds=cycle.seconds["send"])


def _what(event: Event) -> Hashable:
    """What an event replaces: the same asset's, or the same check's, before it."""
    return event.asset, event.check if isinstance(event, Verdict) else None


def _made(*asset: str, **metadata: Any) -> Materialised:
    return Materialised(asset, metadata)
