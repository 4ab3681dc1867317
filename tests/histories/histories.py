"""Random histories: a business lives while its changes are loaded, received, delivered and killed.

Enters: what draws like `random.Random`. Leaves: a `History`; what each of its steps does stands in
`history_steps`, how it ends in `history_end`. The same dice draw the same history. Where in its
work a kill hits a process is the machine's.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from misbehaving_store import ALONE, IN_LISTS
from odd_stripe import ODDITIES

from sandbox.misbehaviour.faults import Fault

TEMPLATES = 3  # populations to begin with
REFUSALS = ("rate_limit", "lock_timeout", "server_error", "unavailable")
FAULTS = (*REFUSALS, "reset", "truncated", "slow")
WEBHOOK_FAULTS = ("webhook_duplicated", "webhook_reordered", "webhook_dropped", "webhook_late")
VANISHING = (
    Fault("delete_next", path="/v1/customers", numbers=(2,)),
    Fault("delete_last", path="/v1/coupons", numbers=(2,)),
)
STORES = {"webhook": ALONE, "webhook in lists": IN_LISTS, "vitally": ALONE}
BUSINESS = ("live",) * 9 + ("edit",) * 6 + ("unseen",) + ("misshapen", "unfinished") * 2
AT_AN_ANSWER = "delivering killed at an answer"
WORK = {
    "loading": ("load", "loading killed", "loading killed", "full", "full killed"),
    "receiving": ("receiver killed",),
    "delivering": ("deliver", "delivering killed", *(AT_AN_ANSWER,) * 2, "sync killed"),
    "at once": ("at once", "at once killed", "at once killed"),
}


@dataclass(frozen=True)
class Step:
    """One thing that happens: its name among `history_steps.STEPS`, and a number it may use."""

    name: str
    number: int


@dataclass(frozen=True)
class History:
    """Where it begins, what goes wrong at Stripe, on its webhooks and in the store, and when."""

    template: int
    begins: str  # with what: nothing, marts, or an account store that has them
    seed: int
    store: str
    faults: tuple[str, ...]
    odd: tuple[str, ...]
    webhook_faults: tuple[str, ...]
    store_faults: tuple[str, ...]
    late: float
    vanishing: bool
    steps: tuple[Step, ...]

    @property
    def plan(self) -> tuple[Fault, ...]:
        """Of Stripe's answers."""
        drawn = tuple(Fault(kind, probability=0.01, seconds=0.1) for kind in self.faults)
        return drawn + (VANISHING if self.vanishing else ())

    @property
    def webhook_plan(self) -> tuple[Fault, ...]:
        return tuple(Fault(kind, probability=0.1, seconds=0.2) for kind in self.webhook_faults)


def drawn(dice: random.Random) -> History:
    """A history, in which each of the three processes works, and most of them are killed."""
    store = dice.choice(sorted(STORES))
    return History(
        template=dice.randint(0, TEMPLATES - 1),
        begins=dice.choice(("nothing", "marts", "marts", "accounts", "accounts", "accounts")),
        seed=dice.randint(0, 1 << 30),
        store=store,
        faults=_some(dice, FAULTS),
        odd=_some(dice, ODDITIES),
        webhook_faults=_some(dice, WEBHOOK_FAULTS),
        store_faults=_some(dice, STORES[store]),
        late=dice.choice((0.0, 0.3)),
        vanishing=dice.randint(0, 4) == 0,
        steps=tuple(_steps(dice)),
    )


def _some(dice: random.Random, kinds: Sequence[str]) -> tuple[str, ...]:
    return tuple(kind for kind in kinds if dice.randint(0, 1))


def _steps(dice: random.Random) -> list[Step]:
    """Before each work some business; loading comes before delivering."""
    works = ["loading", "delivering", *dice.sample(["at once", "loading"], dice.randint(0, 1))]
    works.insert(dice.randint(0, len(works)), "receiving")
    names = []
    for work in works:
        names += [dice.choice(BUSINESS) for _ in range(dice.randint(1, 2))]
        names.append(dice.choice(WORK[work]))
    return [Step(name, dice.randint(1, 300)) for name in names]
