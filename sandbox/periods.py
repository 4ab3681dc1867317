"""Calendar steps of billing: a unix time and an interval enter, the next unix time leaves (UTC)."""

import calendar
from datetime import UTC, datetime
from functools import lru_cache

DAY = 86_400
_SECONDS = {"day": DAY, "week": 7 * DAY}
_MONTHS = {"month": 1, "year": 12}


@lru_cache(maxsize=8192)  # the same few renewals are asked for again and again
def add_months(moment: int, months: int) -> int:
    """The same day and hour `months` later, or the last day of a month that is too short."""
    start = datetime.fromtimestamp(moment, UTC)
    index = start.year * 12 + start.month - 1 + months
    year, month = index // 12, index % 12 + 1
    day = min(start.day, calendar.monthrange(year, month)[1])
    return int(start.replace(year=year, month=month, day=day).timestamp())


def step(anchor: int, interval: str, count: int) -> int:
    """`anchor` plus `count` intervals; counted from the anchor, so that the 31st stays the 31st."""
    if interval in _SECONDS:
        return anchor + _SECONDS[interval] * count
    if interval in _MONTHS:
        return add_months(anchor, _MONTHS[interval] * count)
    raise ValueError(f"price.recurring.interval {interval!r}: use day, week, month or year")
