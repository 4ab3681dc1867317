"""Rows in portions that are short enough to be held, by their number and by their length.

Enters: rows as they come. Leaves: lists of them; a row alone, however long it is. An account has
some 1,500 characters of traits, with all the metadata that Stripe takes 27,000. Pure.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

Row = TypeVar("Row")


def portions(
    rows: Iterable[Row], *, most: int, room: int, length: Callable[[Row], int]
) -> Iterator[list[Row]]:
    """At most so many rows at a time, and at most `room` of `length` in all."""
    held, taken = list[Row](), 0
    for row in rows:
        longer = taken + length(row)
        if held and (len(held) == most or longer > room):
            yield held
            held, longer = [], length(row)
        held.append(row)
        taken = longer
    if held:
        yield held
