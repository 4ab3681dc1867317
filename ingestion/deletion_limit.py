"""The deletion limit: how many objects of a stream may be found gone at once.

Enters: pages of a re-read. Leaves: the same pages without what is gone, which is held back until
it is known how many those are. Without it a wrong key, or a list that hides objects, would mark
living customers as deleted.
"""

from collections import Counter
from dataclasses import replace

from ingestion.intake import Watch
from ingestion.stripe_api.reader import Page

ALWAYS = 10  # so few may go whatever their percentage: small accounts would stop each time


class DeletionLimitReached(Exception):
    """More is gone than may be marked without asking. What was read is landed, none is marked."""


class DeletionLimit(Watch):
    """Holds back what is gone; of a stream's living objects `gone_limit_percent`
    may go, None: any number."""

    def __init__(self, living: dict[str, int], gone_limit_percent: float | None) -> None:
        self._living = living
        self._gone_limit_percent = gone_limit_percent
        self.held: list[Page] = []
        self.gone: Counter[str] = Counter()

    @property
    def released(self) -> bool:
        return self._gone_limit_percent is None

    def passed(self, page: Page) -> Page:
        if page.gone:
            self.held.append(replace(page, objects=[]))
            self.gone[page.stream] += len(page.gone)
        return replace(page, gone=())

    def refusal(self) -> str | None:
        """What is too much, if anything is."""
        if self._gone_limit_percent is None:
            return None
        found = [
            f"{count:,} of {self._living.get(stream, 0):,} {stream}"
            for stream, count in sorted(self.gone.items())
            if count > max(ALWAYS, self._living.get(stream, 0) * self._gone_limit_percent / 100)
        ]
        return f"{', '.join(found)} are gone at Stripe" if found else None
