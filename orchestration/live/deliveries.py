"""What each cycle of the resident refresh sends, and how long it leaves a store alone that is away.

Enters: the settings, a cycle's moment. Leaves: results, or why the store took nothing. A store that
is away stops no load: the delivery stays owed, and is tried again after a pause of its own.
"""

import time
from collections.abc import Callable
from datetime import datetime

from orchestration.clock import now
from orchestration.configuration.settings import Settings
from orchestration.publication.delivery_due import is_due
from orchestration.stages.delivery import deliver_stage
from orchestration.terminal.reporter import Reporter
from reverse_sync.deliver.result import SyncInterrupted, SyncResult
from reverse_sync.stores.account_store import AccountStoreError
from reverse_sync.sync_request import Timed

LONGEST_PAUSE = 30.0


class Deliveries:
    """One resident process's sending. `failure`: why the last delivery did not end, if so."""

    def __init__(self, settings: Settings, reporter: Reporter) -> None:
        self._settings, self._reporter = settings, reporter
        self._failures, self._next = 0, 0.0
        self.failure: AccountStoreError | None = None

    @property
    def may_try(self) -> bool:
        """Not while a store that was away is left alone."""
        return time.monotonic() >= self._next

    def is_due(self) -> bool:
        """Whether the store lacks something that it can be brought now."""
        return self.may_try and is_due(self._settings, at=now())

    def deliver(
        self, as_of: datetime, timed: Timed, *, publishes: bool, planned: Callable[[], None]
    ) -> SyncResult | None:
        """How far it came; None: nothing was planned. `publishes`: whether its records are, too;
        else the marts that follow have them. `planned`: lets go of the warehouse. Raises Blocked.
        """
        run_id = f"live-{as_of:%Y%m%dT%H%M%S%f}"
        try:
            result = deliver_stage(
                self._settings,
                self._reporter,
                as_of=as_of,
                run_id=run_id,
                timed=timed,
                publishes=publishes,
                planned=planned,
            )
        except AccountStoreError as error:
            return self._owed(error)
        self._failures, self.failure = 0, None
        return result

    def _owed(self, error: AccountStoreError) -> SyncResult | None:
        self._failures, self.failure = self._failures + 1, error
        self._next = time.monotonic() + min(2.0**self._failures, LONGEST_PAUSE)
        return error.result if isinstance(error, SyncInterrupted) else None
