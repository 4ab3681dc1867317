"""Guards: how much one run may change before a person has to look.

Enters: limits, figures of the plan, the guards that are overridden for this once. Leaves: the
guards that trip. Pure. A guard that cannot be evaluated trips. Not here: where figures come from
(plan/guard_figures.py).

A limit in counts always holds. One in percent holds over a baseline of at least `baseline`
acknowledged accounts: a first import has none, and a tenth of eight accounts is no alarm.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal, InvalidOperation

from reverse_sync.stores.account_store import AccountStoreError

# What each guard counts; the percentage is of the second.
GUARDS: Mapping[str, tuple[str, str]] = {
    "creates": ("accounts to create", "acknowledged accounts"),
    "updates": ("accounts to update", "acknowledged accounts"),
    "deletes": ("accounts that left account_traits", "acknowledged accounts"),
    "churns": ("accounts turning churned", "acknowledged accounts that are not churned"),
    "mrr_drop": ("MRR lost", "acknowledged MRR"),
    "unknown_mrr": ("accounts whose MRR is not known any more", "acknowledged accounts"),
    "nulls": ("traits to clear", "acknowledged traits that have a value"),
}
# These have no limit to set; they can be overridden like the others.
UPSTREAM = ("empty", "stale", "state_lost", "store_behind", "other_store")


# A sync is about all stores.
COMMAND = re.compile(r"'(stripe-traits (?!sync)[^']*)'")


class WrongLimit(ValueError):
    """A limit that cannot be read."""


@dataclass(frozen=True)
class Limit:
    """The most that may be; None: no such limit."""

    most: Decimal | None = None
    percent: Decimal | None = None


@dataclass(frozen=True, kw_only=True)
class Guards:
    """The limits by guard, and the accounts that a percentage needs below it. `refreshed_at`: when
    Stripe's changes were last all in the marts; old marts without a change are not stale.
    `approval`: guards that nobody overrides without naming who has looked, too. `store`: the one of
    several that all this is about, for what a line advises."""

    limits: Mapping[str, Limit] = field(default_factory=dict)
    baseline: int = 100
    max_age_hours: Decimal | None = None
    refreshed_at: datetime | None = None
    approval: frozenset[str] = frozenset()
    store: str | None = None


@dataclass(frozen=True)
class Figure:
    """A guard's figure, what it is a part of, and in which unit; None: it cannot be told, because
    of `unknown`. `trait`: the one of several that could be meant."""

    value: Decimal | None
    whole: Decimal
    unit: str = ""
    unknown: str = ""
    trait: str = ""


@dataclass(frozen=True, kw_only=True)
class Figures:
    """`accounts` acknowledged; the figures by guard (MRR: one a currency); `upstream`: why nothing
    may be sent whatever the limits say, by name."""

    accounts: int
    by_guard: Mapping[str, Sequence[Figure]]
    upstream: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Trip:
    """A guard that blocks, in one line with figure, limit and remedy; `approval`: somebody else has
    to look, too."""

    guard: str
    line: str
    approval: bool = False


class Blocked(AccountStoreError):
    """Guards have tripped: nothing was sent, the baseline stays."""

    def __init__(self, trips: Sequence[Trip]) -> None:
        super().__init__("\n".join(f"blocked by a guard: {trip.line}" for trip in trips))
        self.trips = tuple(trips)


def parse_limit(text: str) -> Limit:
    """`200`, `5%`, `200,5%` (both hold) or `off`. Raises WrongLimit."""
    most: Decimal | None = None
    percent: Decimal | None = None
    for part in text.replace(" ", "").split(","):
        if part.lower() == "off":
            continue
        try:
            number = Decimal(part.removesuffix("%"))
        except InvalidOperation:
            number = Decimal(-1)
        if not number.is_finite() or number < 0:
            raise WrongLimit("write it as 200, 5%, 200,5% or off")
        if part.endswith("%"):
            percent = number
        else:
            most = number
    return Limit(most, percent)


def check(guards: Guards, figures: Figures, *, overridden: frozenset[str]) -> tuple[Trip, ...]:
    """The guards that trip and are not overridden, in a fixed order."""
    trips = [Trip(name, f"{name}: {why}") for name, why in figures.upstream.items()]
    for guard, limit in guards.limits.items():
        for figure in figures.by_guard.get(guard, ()):
            judged = limit.percent if figures.accounts >= guards.baseline else None
            approval = guard in guards.approval
            remedy = _approve(guard) if approval else _override(guard, guards.store)
            lines = _broken(guard, figure, limit.most, judged, remedy)
            trips += [Trip(guard, line, approval) for line in lines]
    return tuple(
        replace(trip, line=_about(trip.line, guards.store))
        for trip in trips
        if trip.guard not in overridden
    )


def _about(line: str, store: str | None) -> str:
    """The commands of a line, about one of several stores."""
    return line if store is None else COMMAND.sub(rf"'\1 --to {store}'", line)


def _override(guard: str, store: str | None) -> str:
    if store is not None:
        return (
            f"look at 'stripe-traits plan'; send it once with 'stripe-traits apply --plan DIGEST"
            f" --override {guard}', or set its guards: {{{guard}: ...}} in stores.yml"
        )
    return (
        f"look at 'stripe-traits plan'; send it once with --override {guard},"
        f" or set GUARD_{guard.upper()}"
    )


def _approve(guard: str) -> str:
    return (
        "let somebody else look at 'stripe-traits plan' (GUARD_APPROVAL), then send it with"
        f" 'stripe-traits apply --plan DIGEST --override {guard} --approved-by NAME'"
    )


def _named(guard: str, figure: Figure) -> str:
    """What is counted, as its number asks for it."""
    what = GUARDS[guard][0]
    if figure.value == 1:
        what = re.sub(r"^(account|trait)s\b", r"\1", what)
    return f"{what} by the trait {figure.trait}" if figure.trait else what


def _broken(
    guard: str, figure: Figure, most: Decimal | None, percent: Decimal | None, remedy: str
) -> Iterator[str]:
    what, of = _named(guard, figure), GUARDS[guard][1]
    if figure.value is None:
        if most is not None or percent is not None:
            yield f"{guard}: cannot be evaluated: {figure.unknown}; {remedy}"
        return
    unit = f" {figure.unit}" if figure.unit else ""
    if most is not None and figure.value > most:
        yield f"{guard}: {figure.value:,f}{unit} {what}, the limit is {most:,f}; {remedy}"
    elif percent is not None and figure.value * 100 > percent * figure.whole:
        share = f"{figure.value * 100 / figure.whole:.1f}%" if figure.whole else "all"
        yield (
            f"{guard}: {figure.value:,f}{unit} {what} ({share} of {figure.whole:,f}{unit}"
            f" {of}), the limit is {percent:f}%; {remedy}"
        )
