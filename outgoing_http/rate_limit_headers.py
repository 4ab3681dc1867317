"""What a server says about its limit in the headers of an answer.

Enters: headers and the time. Leaves: seconds and counts; None where nothing readable is said. Not
here: what to do about it (rate_budget.py).
"""

from collections.abc import Mapping
from email.utils import parsedate_to_datetime

REMAINING = ("RateLimit-Remaining", "X-RateLimit-Remaining", "X-HubSpot-RateLimit-Remaining")
FIRST_EPOCH = 1_000_000_000  # a larger "reset" is a moment, not a number of seconds


def seconds_asked(headers: Mapping[str, str], *, now: float) -> float | None:
    """The seconds to wait by Retry-After (a number or a date), else by RateLimit-Reset (seconds, or
    seconds since 1970), else HubSpot's interval where nothing is left. `now`: since 1970, too."""
    after = headers.get("Retry-After")
    if after is not None:
        number = _number(after)
        return number if number is not None else _until(after, now)
    reset = _number(headers.get("RateLimit-Reset") or headers.get("X-RateLimit-Reset"))
    if reset is None:
        return _interval(headers)
    return max(reset - now, 0.0) if reset > FIRST_EPOCH else reset


def remaining(headers: Mapping[str, str]) -> float | None:
    """What is left of the limit, in requests."""
    return _number(next((headers[name] for name in REMAINING if headers.get(name)), None))


def _interval(headers: Mapping[str, str]) -> float | None:
    """HubSpot's limit is of so many milliseconds, and every answer says so."""
    length = _number(headers.get("X-HubSpot-RateLimit-Interval-Milliseconds"))
    return None if length is None or remaining(headers) != 0 else length / 1000


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if 0 <= number < float("inf") else None


def _until(date: str, now: float) -> float | None:
    try:
        return max(parsedate_to_datetime(date).timestamp() - now, 0.0)
    except ValueError:
        return None
