"""The account stores of `stores.yml` beside `live`: each at its own pace.

Enters: the settings, a cycle's moment. Leaves: deliveries in threads of their own, which no cycle
waits for. A store that is away is tried again after a pause; what it lacks stays owed.
"""

import time
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime

from orchestration.clock import now
from orchestration.configuration.settings import Settings
from orchestration.configuration.stores.further_stores import further_stores
from orchestration.live.deliveries import LONGEST_PAUSE
from orchestration.publication.delivery_due import is_due
from orchestration.stages.further_deliveries import (
    StoreDelivery,
    deliver_to,
    failure,
)
from orchestration.stages.stores_failed import StoresFailed
from orchestration.terminal.logs import log
from orchestration.terminal.reporter import Reporter


class FurtherDeliveries:
    """One resident process's sending to them."""

    def __init__(self, settings: Settings, reporter: Reporter) -> None:
        self._pool = ThreadPoolExecutor(thread_name_prefix="store")
        self._stores = [_OneStore(one, reporter) for one in further_stores(settings)]

    def begin(self, as_of: datetime) -> None:
        """Each store that is not under way, whose pause is over, brought what it lacks."""
        for store in self._stores:
            store.begin(self._pool, as_of)

    def end(self) -> StoresFailed | None:
        """Waits for those under way; why the last delivery to some of them failed, if so."""
        self._pool.shutdown()
        return failure([done for store in self._stores if (done := store.last())])


class _OneStore:
    def __init__(self, settings: Settings, reporter: Reporter) -> None:
        self._settings, self._reporter = settings, reporter
        self._running: Future[StoreDelivery | None] | None = None
        self._failures, self._next = 0, 0.0
        self._last: StoreDelivery | None = None

    def begin(self, pool: ThreadPoolExecutor, as_of: datetime) -> None:
        if self._running and not self._running.done():
            return
        self.last()
        if time.monotonic() >= self._next:
            self._running = pool.submit(self._bring, as_of)

    def last(self) -> StoreDelivery | None:
        """What became of the last one that was due; raises what nobody foresaw."""
        done = self._running.result() if self._running else None
        self._running = None
        if done:
            self._told(done)
        return self._last

    def _bring(self, as_of: datetime) -> StoreDelivery | None:
        if not is_due(self._settings, at=now()):
            return None
        run_id = f"live-{as_of:%Y%m%dT%H%M%S%f}"
        return deliver_to(self._settings, self._reporter, as_of=as_of, run_id=run_id)

    def _told(self, done: StoreDelivery) -> None:
        if done.said and (self._last is None or self._last.lines != done.lines):
            for line in done.lines:
                log.warning(line)
        self._last = done
        self._failures = self._failures + 1 if done.said else 0
        pause = min(2.0**self._failures, LONGEST_PAUSE) if self._failures else 0.0
        self._next = time.monotonic() + pause
