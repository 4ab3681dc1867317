"""How long the stages took: seconds by name, in the order in which they began.

Enters: names. Leaves: a dictionary that its owner gave.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic


class Stopwatch:
    """`with stopwatch("load")` adds how long the block took."""

    def __init__(self, seconds: dict[str, float]) -> None:
        self._seconds = seconds

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        began = monotonic()
        try:
            yield
        finally:
            took = self._seconds.pop(stage, 0.0) + monotonic() - began
            self._seconds[stage] = round(took, 3)

    def part(self, name: str, seconds: float, *, of: str, last: bool = False) -> None:
        """Tell the first, or the last, part of a stage apart from the rest of it."""
        rest = {of: round(max(self._seconds.pop(of) - seconds, 0.0), 3)}
        part = {name: round(seconds, 3)}
        self._seconds |= rest | part if last else part | rest
