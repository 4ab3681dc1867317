"""A tracked trait, and its value read by the aspect's rule.

Enters: tracking config, a trait's value. Leaves: a number or a moment. Not here: what it means for
an account (lifecycle.py).
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache

from reverse_sync.values.tracking import Aspect, Tracking
from reverse_sync.values.traits import Value


class UnreadableTrait(ValueError):
    """A tracked trait whose value its rule cannot read; the account is kept out."""


@dataclass(frozen=True)
class Tracked:
    """A trait, and the rule to read it by."""

    trait: str
    rule: str


def setting(tracking: Tracking, aspect: Aspect) -> Tracked | None:
    """The trait and rule of an aspect; None where it is not tracked."""
    held = tracking.settings.get(aspect)
    if held is None or held.trait is None or held.rule == "none":
        return None
    return _tracked(held.trait, held.rule)


@cache
def _tracked(trait: str, rule: str) -> Tracked:
    """Asked for several times an account, of few traits."""
    return Tracked(trait, rule)


def number(trait: str, value: Value) -> Decimal:
    """The trait's amount or count; none is 0. Raises UnreadableTrait."""
    if value is None:
        return Decimal(0)
    if not isinstance(value, Decimal):
        raise UnreadableTrait(f"{trait} is {value!r}; its tracking rule needs a number")
    return value


def date(trait: str, value: Value) -> datetime | None:
    """The trait's moment, in UTC where it names no zone. Raises UnreadableTrait."""
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        moment = None
    if moment is None:
        raise UnreadableTrait(f"{trait} is {value!r}; its tracking rule needs a date")
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
