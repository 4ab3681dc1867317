"""Billing periods, counted from an anchor so that the 31st stays the 31st. Pure.

Enters: an anchor, a price's interval, a moment. Leaves: the period's start and end.
"""

from sandbox import periods
from sandbox.shapes import Json

Span = tuple[int, int]


def around(anchor: int, recurring: Json, moment: int) -> Span:
    """The period that holds a moment; one that has not begun is the first."""
    interval, count = recurring["interval"], recurring["interval_count"]
    number, start, end = 1, anchor, periods.step(anchor, interval, count)
    while end <= moment:
        number += 1
        start, end = end, periods.step(anchor, interval, count * number)
    return start, end


def following(anchor: int, item: Json) -> Span:
    """The period after an item's own; one that has left the anchor goes on from its own end."""
    start, recurring = item["current_period_end"], item["price"]["recurring"]
    counted = around(min(anchor, start), recurring, start)
    if counted[0] == start:
        return counted
    return start, periods.step(start, recurring["interval"], recurring["interval_count"])


def moved(item: Json, span: Span) -> Json:
    return item | {"current_period_start": span[0], "current_period_end": span[1]}


def cycle(price: Json) -> tuple[str, int]:
    return price["recurring"]["interval"], price["recurring"]["interval_count"]
