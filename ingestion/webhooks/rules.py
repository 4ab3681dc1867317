"""What the receiver accepts, and how it learns of more without a restart.

Enters: the rules at the start, and who can say them again. Leaves: those in force. How a
delivery is held against them stands in `app`.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from ingestion.webhooks.delivery import Ours
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
    rules so far, at most every `RENEW_SECONDS`, however many deliveries do not fit."""

    def __init__(self, rules: Rules, again: Callable[[Rules], Rules] = lambda rules: rules) -> None:
        self.rules = rules
        self._again = again
        self._asking = asyncio.Lock()
        self._not_before = 0.0

    async def renewed(self, before: Rules) -> bool:
        """Whether the rules are others now than `before`."""
        async with self._asking:
            now = asyncio.get_running_loop().time()
            if self.rules is before and now >= self._not_before:
                self.rules = await asyncio.to_thread(self._again, before)
                self._not_before = now + RENEW_SECONDS
            return self.rules != before
