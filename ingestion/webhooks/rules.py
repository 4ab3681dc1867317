"""What the receiver accepts, and how it learns of more without a restart.

Enters: the rules at the start, and who can say them again. Leaves: those in force. How a
delivery is held against them stands in `app`.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from math import inf

from ingestion.webhooks.delivered_event import Ours
from ingestion.webhooks.signature import Secret

RENEW_SECONDS = 2.0


@dataclass(frozen=True)
class Rules:
    """What is accepted: secrets in force, how old a signature may be (seconds), whose events."""

    secrets: tuple[Secret, ...]
    tolerance: int
    ours: Ours


class Standing:
    """The rules in force. What does not fit them may be new: then `again` is asked, which gets the
    rules so far, `RENEW_SECONDS` after the last time, however many deliveries do not fit."""

    def __init__(self, rules: Rules, again: Callable[[Rules], Rules] = lambda rules: rules) -> None:
        self.rules = rules
        self._again = again
        self._not_before = 0.0

    async def renewed(self, before: Rules) -> bool:
        """Whether the rules are others now than `before`."""
        loop = asyncio.get_running_loop()
        if self.rules is before and loop.time() >= self._not_before:
            self._not_before = inf  # who comes meanwhile does not wait: many could hold up all
            try:
                self.rules = await asyncio.to_thread(self._again, before)
            finally:
                self._not_before = loop.time() + RENEW_SECONDS
        return self.rules != before
