"""How long a change waits that a store has not taken.

Enters: attempts, moments. Leaves: whether it waits. Pure.
"""

from datetime import datetime, timedelta

FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=6)


def wait_after(attempts: int) -> timedelta:
    """How long a change waits after so many attempts: one minute, doubled each time."""
    doublings: int = 2 ** min(attempts - 1, 20)
    return min(FIRST_WAIT * doublings, LONGEST_WAIT)


def waits(until: datetime | None, *, attempts: int, now: datetime) -> bool:
    """A moment before the wait began says that the clock was set back: how long is left is not
    known then, and the change goes at once rather than late."""
    return until is not None and until - wait_after(attempts) <= now < until
