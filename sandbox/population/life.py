"""What a subscriber decides, and nothing that Stripe would compute.

Leaves: `Life`, from which `ledger` and `states` derive every invoice and every state of the
subscription at any moment. Drawn from a seeded generator in one place, `choices`.
"""

from dataclasses import dataclass

from sandbox import periods
from sandbox.shapes import Json

HOUR = 3600
DAY = periods.DAY
EXPIRES = 23 * HOUR  # an incomplete subscription's time to be paid
RETRY_DAYS = (3, 5, 7)  # between attempts to collect what has failed
RETRIES = 21 * DAY  # how long a subscription is past due, before it is given up


@dataclass(frozen=True)
class Part:
    """One item: what is bought, and how much of it."""

    id: str
    price: Json
    quantity: int
    discounts: tuple[Json, ...] = ()


@dataclass(frozen=True)
class Life:
    """A subscription's decisions; times are unix seconds, None is never."""

    id: str
    customer: str
    start: int
    parts: tuple[Part, ...]
    trial_end: int | None = None
    changed_at: int | None = None  # from then on `later` instead of `parts`
    later: tuple[Part, ...] = ()
    discounts: tuple[Json, ...] = ()
    end: int | None = None
    end_asked: int | None = None
    end_reason: str = "cancellation_requested"
    at_period_end: bool = False
    flexible: bool = False
    first_fails: bool = False
    fails_from: int | None = None  # renewals from then on are not paid
    ends_unpaid: bool = False  # after the retries: unpaid, instead of past due for ever
    held_from: int | None = None
    held_how: str = "void"
    paused_at: int | None = None
    taxed: bool = False
    pays_by_invoice: bool = False
    payment_method: str | None = None
    pulse: int = 0  # what metered use is derived from

    @property
    def anchor(self) -> int:
        return self.start if self.trial_end is None else self.trial_end

    @property
    def resets(self) -> bool:
        """Another interval starts a new billing cycle at once."""
        return bool(self.later) and _cycle(self.parts) != _cycle(self.later)

    @property
    def stop(self) -> int | None:
        """When renewals cease."""
        times = [t for t in (self.end, self.paused_at) if t is not None]
        if self.first_fails:
            times.append(self.start + 1)
        return min(times, default=None)

    def parts_at(self, moment: int) -> tuple[Part, ...]:
        changed = self.changed_at is not None and moment >= self.changed_at
        return self.later if changed else self.parts

    def anchor_at(self, moment: int) -> int:
        if self.resets and self.changed_at is not None and moment >= self.changed_at:
            return self.changed_at
        return self.anchor

    def status(self, moment: int) -> str:
        """Stripe's status at a moment."""
        if self.first_fails:
            return "incomplete" if moment < self.start + EXPIRES else "incomplete_expired"
        if self.end is not None and moment >= self.end:
            return "canceled"
        if self.paused_at is not None and moment >= self.paused_at:
            return "paused"
        if self.trial_end is not None and moment < self.trial_end:
            return "trialing"
        if self.fails_from is not None and moment >= self.fails_from + HOUR:
            late = moment >= self.fails_from + RETRIES
            return "unpaid" if late and self.ends_unpaid else "past_due"
        return "active"


def period(part: Part, anchor: int, moment: int) -> tuple[int, int]:
    """The part's billing period around a moment, counted from the anchor."""
    recurring = part.price["recurring"]
    interval, count = recurring["interval"], recurring["interval_count"]
    start, number = anchor, 1
    end = periods.step(anchor, interval, count)
    while end <= moment:
        number += 1
        start, end = end, periods.step(anchor, interval, count * number)
    return start, end


def _cycle(parts: tuple[Part, ...]) -> tuple[str, int]:
    recurring = parts[0].price["recurring"]
    return recurring["interval"], recurring["interval_count"]
