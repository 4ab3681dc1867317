"""Parts of an account by the time at which its objects were made, the same every time.

Enters: a share such as 2/7. Leaves: ranges of `created`, which is all that lists filter on.
"""

from dataclasses import dataclass

from ingestion.stripe_api.reader import FIRST_POSSIBLE, LAST_POSSIBLE, WHOLE, Range

BLOCK = 28 * 86_400  # seconds; every n-th one is of a share, so that all are of like size


@dataclass(frozen=True)
class Share:
    """The `number`-th of `count` parts, from 1; together they are the whole."""

    number: int = 1
    count: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.number <= self.count <= 366:
            raise ValueError(f"{self.number}/{self.count} is no share: write it as 1/7, up to 7/7")

    @classmethod
    def read(cls, text: str) -> "Share":
        """From `2/7`. Raises ValueError."""
        number, _, count = text.partition("/")
        if not (number.isdecimal() and count.isdecimal()):
            raise ValueError(f"{text} is no share: write it as 1/7, up to 7/7")
        return cls(int(number), int(count))

    def ranges(self, until: int) -> list[Range]:
        """The share's ranges; `until` (Unix seconds) is now: later objects are of the last one."""
        if self.count == 1:
            return [WHOLE]
        lows = [*range(FIRST_POSSIBLE, max(until, FIRST_POSSIBLE) + 1, BLOCK)]
        blocks = [Range(low, low + BLOCK) for low in lows[:-1]] + [Range(lows[-1], LAST_POSSIBLE)]
        return blocks[self.number - 1 :: self.count]
