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
from orchestration.stages.ahead import BuiltAhead
from orchestration.stages.delivery import EVERYONE, deliver_stage
from orchestration.terminal.reporter import Reporter
from reverse_sync.deliver.result import SyncInterrupted, SyncResult
from reverse_sync.state.run import Scope
from reverse_sync.stores.account_store import AccountStoreError
from reverse_sync.sync_request import Timed

LONGEST_PAUSE = 30.0


class Deliveries:
    """One resident process's sending. `failure`: why the last delivery did not end, if so."""

    def __init__(self, settings: Settings, reporter: Reporter) -> None:
        self._settings, self._reporter = settings, reporter
        self._failures, self._next = 0, 0.0
        self._all_brought = False  # by this process, and nothing of it waits
        self.failure: AccountStoreError | None = None

    @property
    def may_try(self) -> bool:
        """Not while a store that was away is left alone."""
        return time.monotonic() >= self._next

    def is_due(self) -> bool:
        """Whether the store lacks something that it can be brought now."""
        return self.may_try and is_due(self._settings, at=now())

    def deliver(
        self,
        as_of: datetime,
        timed: Timed,
        *,
        ahead: BuiltAhead | None,
        planned: Callable[[], None],
    ) -> SyncResult | None:
        """How far it came; None: nothing was planned. Records of what went `ahead` are published
        with the marts that follow. `planned`: lets go of the warehouse. Raises Blocked.
        """
        run_id = f"live-{as_of:%Y%m%dT%H%M%S%f}"
        scope = self._scope(ahead)
        self._all_brought = False
        try:
            result = deliver_stage(
                self._settings,
                self._reporter,
                as_of=as_of,
                run_id=run_id,
                timed=timed,
                publishes=ahead is None,
                planned=planned,
                scope=scope,
            )
        except AccountStoreError as error:
            return self._owed(error)
        self._failures, self.failure = 0, None
        self._all_brought = not (result.waiting or result.rejected or result.invalid)
        return result

    def _scope(self, ahead: BuiltAhead | None) -> Scope:
        """The accounts that went ahead, where no other one waits: a look at all of them hashes
        every row. What time alone changes is due by itself."""
        if not (ahead and ahead.published.moved and self._all_brought):
            return EVERYONE
        return Scope(accounts=ahead.published.moved, follows=ahead.published.before)

    def _owed(self, error: AccountStoreError) -> SyncResult | None:
        self._failures, self.failure = self._failures + 1, error
        self._next = time.monotonic() + min(2.0**self._failures, LONGEST_PAUSE)
        return error.result if isinstance(error, SyncInterrupted) else None
