"""Alert rules beside the loop: who hears of them slowly holds up no change.

Enters: whether a cycle built something. Leaves: notices, sent by a thread of their own.
"""

import threading
from time import monotonic

import duckdb

from orchestration.configuration.settings import Settings
from orchestration.terminal.logs import log

AGAIN_SECONDS = 60.0  # for a notice that was not delivered, and for digests
PATIENCE_SECONDS = 15.0  # at the end


class Alerts:
    """One look at a time. Without rules nothing is asked."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._asked = 0.0
        self._thread: threading.Thread | None = None

    def tell(self, *, is_news: bool) -> None:
        """What rules noticed, where a build may have brought news or some time has passed."""
        if self._thread and self._thread.is_alive():
            return
        is_due = is_news or monotonic() - self._asked > AGAIN_SECONDS
        if is_due and self._settings.alerts_file.exists():
            self._asked = monotonic()
            self._thread = threading.Thread(target=self._tell, daemon=True)
            self._thread.start()

    def end(self) -> None:
        """Wait a moment for what is being sent."""
        if self._thread:
            self._thread.join(PATIENCE_SECONDS)

    def _tell(self) -> None:
        from orchestration.monitoring.rule_alerts import notify_rules

        try:
            notify_rules(self._settings)
        except (OSError, duckdb.Error) as error:
            log.warning(f"alerts are not sent: {type(error).__name__}; tried again later")
