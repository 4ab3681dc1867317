"""Random lives of accounts between the syncs: subscriptions that begin, fail, end, return.

Enters: a random generator. Leaves: the steps of each account. Events of some objects are missing in
the feed, for good or until the last sync.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from examples_objects import at, customer, given, paid, percent, price, subscription
from lifecycle_examples import SYNCS, Step

Json = dict[str, Any]
BEGINNING = "2025-01-01"


@dataclass
class Life:
    """One account so far; `steady`: Stripe holds a subscription of it active all the time. Of the
    others every change is told before the last sync, so that a first import can say the same."""

    name: str
    chance: random.Random
    steady: bool
    linked: str = ""
    subscriptions: list[Json] = field(default_factory=list)
    made: int = 0

    def steps(self) -> Iterator[Step]:
        """Begins, changes before each sync."""
        self.linked = self.name
        actions = STEADY if self.steady else ANY
        untold: list[Json] = []
        if self.steady or self.chance.random() < 0.7:
            self.subscriptions.append(self.begun(self.day(0), trial=False))
        yield Step(0, [self.customer(), *self.rendered()])
        for sync in range(len(SYNCS)):
            for _ in range(self.chance.randint(0, 3)):
                objects = self.chance.choice(actions)(self, self.day(sync))
                told, lost = self._split(objects) if sync else (objects, [])
                untold += lost
                yield Step(sync, [*told, *self.rendered()])
                yield Step(sync, lost, told=False)
        if not self.steady:
            yield Step(len(SYNCS) - 1, [one | {"metadata": {"told": "late"}} for one in untold])

    def _split(self, objects: list[Json]) -> tuple[list[Json], list[Json]]:
        lost = [o for o in objects if o["object"] != "customer" and self.chance.random() < 0.5]
        return [one for one in objects if one not in lost], lost

    def day(self, sync: int) -> str:
        first = datetime.fromisoformat(SYNCS[sync - 1] if sync else BEGINNING)
        days = (datetime.fromisoformat(SYNCS[sync]) - first).days
        return str((first + timedelta(days=self.chance.randint(1, days - 1))).date())

    def customer(self) -> Json:
        return customer(self.name, metadata={"account_id": self.linked})

    def begun(self, day: str, *, trial: bool) -> Json:
        self.made += 1
        trying = {"trial_start": at(day), "trial_end": at(day) + 14 * 86_400}
        return {
            "suffix": f"_{self.made}",
            "created": at(day),
            "status": "trialing" if trial else "active",
            **(trying if trial else {}),
            "sold": price(self.name, 5000, f"_{self.made}"),
        }

    def rendered(self) -> list[Json]:
        made = [dict(one) for one in self.subscriptions]
        sold = [one.pop("sold") for one in made]
        return [
            *sold,
            *(subscription(self.name, [s], **one) for s, one in zip(sold, made, strict=True)),
        ]


def _begins(life: Life, day: str) -> list[Json]:
    life.subscriptions.append(life.begun(day, trial=life.chance.random() < 0.4))
    return []


def _changes(**fields: Any) -> Callable[[Life, str], list[Json]]:
    """One that lives is changed; a callable field is made of the day."""

    def change(life: Life, day: str) -> list[Json]:
        living = [one for one in life.subscriptions if one["status"] != "canceled"]
        if living:
            made = {name: one(day) if callable(one) else one for name, one in fields.items()}
            life.chance.choice(living).update(made)
        return []

    return change


def _reprices(life: Life, _: str) -> list[Json]:
    """To a price that is new, or that has no amount in the subscription's currency."""
    if not life.subscriptions:
        return []
    life.made += 1
    currency = life.chance.choice(["usd", "usd", "eur"])
    sold = price(life.name, 8000, f"_{life.made}", currency=currency)
    life.subscriptions[0] |= {"sold": sold, "currency": "usd"}
    return [sold]


def _discounts(life: Life, _: str) -> list[Json]:
    if not life.subscriptions:
        return []
    life.made += 1
    coupon = percent(f"{life.name}_{life.made}", 20)
    life.subscriptions[0]["discounts"] = [given(coupon)]
    return [coupon]


def _pays(life: Life, day: str) -> list[Json]:
    if not life.subscriptions:
        return []
    life.made += 1
    suffix = life.chance.choice(life.subscriptions)["suffix"]
    total = life.chance.choice([0, 5000])
    of = {"subscription": f"sub_{life.name}{suffix}", "created": at(day)}
    return [paid(life.name, total, f"_{life.made}", **of)]


def _moves(life: Life, _: str) -> list[Json]:
    """Its customer is linked to another account, or back."""
    life.linked = life.name if life.linked != life.name else f"{life.name}-moved"
    return [life.customer()]


STEADY = [_reprices, _discounts, _pays, _moves, _begins]
ANY = [
    *STEADY,
    *[_begins] * 2,
    *[_changes(status="canceled", canceled_at=at, ended_at=at)] * 4,
    _changes(cancel_at_period_end=True, canceled_at=at),
    _changes(cancel_at_period_end=False, canceled_at=None, cancel_at=None),
    _changes(status="active"),
    _changes(status="past_due"),
    _changes(status="unpaid"),
    _changes(status="paused"),
]


def lives(chance: random.Random, count: int) -> dict[str, list[Step]]:
    """By account; those whose name begins with `steady` are active all the time."""
    kinds = ["steady", "any", "any"]
    made = [Life(f"{kinds[n % 3]}{n}", chance, steady=n % 3 == 0) for n in range(count)]
    return {life.name: list(life.steps()) for life in made}
