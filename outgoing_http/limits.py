"""How much of an answer is read, and for how long.

Leaves: limits. Apart from who keeps to them: settings name limits and need no HTTP client.
"""

from dataclasses import dataclass

ACCEPTED = {"Accept-Encoding": "gzip"}  # what can be unpacked piece by piece, under a limit
MIB = 1 << 20


@dataclass(frozen=True)
class AnswerLimits:
    """`size`: bytes of the body, packed and unpacked; `seconds`: from the request to the last
    byte."""

    size: int
    seconds: float
