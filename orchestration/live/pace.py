"""When all marts follow account_traits, which goes ahead of them.

Enters: what a cycle read and built. Leaves: what it has to build. Where changes keep coming, each
goes ahead, and all marts follow now and then; where none comes any more, they follow at once.
"""

from time import monotonic

QUIET_SECONDS = 1.0  # without a change
MOST_SECONDS = 30.0  # that marts may be behind, however much happens


class Pace:
    """One resident process's. What is owed is owed by this process alone: another one sees in the
    warehouse that objects changed, and builds all."""

    def __init__(self) -> None:
        self._owed_since: float | None = None
        self._last = 0.0

    @property
    def is_owed(self) -> bool:
        """Whether marts are behind account_traits."""
        return self._owed_since is not None

    @property
    def is_over(self) -> bool:
        """Whether they must follow now."""
        if self._owed_since is None:
            return False
        now = monotonic()
        return now - self._last >= QUIET_SECONDS or self._is_late(now)

    def goes_ahead(self, *, is_news: bool) -> bool:
        """Whether account_traits is built alone, for news."""
        return is_news and not self._is_late(monotonic())

    def went_ahead(self) -> None:
        self._last = monotonic()
        self._owed_since = self._owed_since or self._last

    def followed(self) -> None:
        self._owed_since = None

    def hurry(self) -> None:
        """What is owed must not wait: the process ends."""
        if self._owed_since is not None:
            self._owed_since = -MOST_SECONDS

    def _is_late(self, now: float) -> bool:
        return self._owed_since is not None and now - self._owed_since >= MOST_SECONDS
