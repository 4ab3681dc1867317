"""What each cycle of the resident refresh reads: the inbox at once, Stripe's feed in turn.

Enters: the settings, the inbox. Leaves: loads. A poll costs requests and asks again what it knows,
so that it is left out where a webhook has told of the change already; it comes in its own time
however much happens.
"""

import threading
import time
from collections.abc import Mapping

from ingestion.changes import OVERLAP
from ingestion.inbox.events_db import Inbox
from ingestion.load import LoadResult
from ingestion.load_pending import identified, waits
from ingestion.stripe_api.connection import Connection
from orchestration.configuration.settings import Settings
from orchestration.live.pace import Pace
from orchestration.stages.load import load_stage, pending_stage
from orchestration.stripe_accounts import connections
from orchestration.terminal.reporter import Reporter

LOOK_SECONDS = 0.05  # between two looks at the inbox: one small read of a local file
# An event can appear in the feed minutes late: most polls look back a minute, one a minute further.
NEAR_SECONDS = 60


class Loads:
    """One resident process's reading."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._accounts: Mapping[str, Connection] = {}
        self._next_poll = self._next_far = 0.0

    def wait(self, stop: threading.Event, pace: Pace) -> None:
        """Until something is to be read or marts are to follow, or `stop`."""
        with Inbox.open(self._settings.folder.inbox) as inbox:
            while not (self._is_due(inbox) or pace.is_over):
                if stop.wait(LOOK_SECONDS):
                    return

    def is_due(self) -> bool:
        """Whether something is to be read."""
        with Inbox.open(self._settings.folder.inbox) as inbox:
            return self._is_due(inbox)

    def _is_due(self, inbox: Inbox) -> bool:
        return time.monotonic() >= self._next_poll or waits(inbox, self._accounts)

    def load(self, reporter: Reporter) -> LoadResult:
        """Raises StripeError, DeletionLimitReached."""
        if time.monotonic() < self._next_poll:
            found = pending_stage(self._settings, reporter, self._accounts)
            if found:
                return found
        return self._polled(reporter)

    def _polled(self, reporter: Reporter) -> LoadResult:
        far = time.monotonic() >= self._next_far
        overlap = OVERLAP if far else NEAR_SECONDS
        result = load_stage(self._settings, reporter, full=False, overlap=overlap)
        now = time.monotonic()
        self._next_poll = now + self._settings.live_poll_seconds
        if far:
            self._next_far = now + NEAR_SECONDS / 2
        if not self._accounts:
            self._accounts = identified(connections(self._settings))
        return result
