"""What a store has taken of a run so far.

Enters: outcomes of a push. Leaves: their counts, which add up. Pure.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from reverse_sync.deliver.outcome import Outcome


@dataclass(frozen=True, kw_only=True)
class Taken:
    """Accounts and traits that the store has acknowledged; `churns` are among the updates."""

    creates: int = 0
    updates: int = 0
    churns: int = 0
    traits_set: int = 0
    traits_cleared: int = 0

    def __add__(self, other: "Taken") -> "Taken":
        return Taken(**{name: value + getattr(other, name) for name, value in vars(self).items()})


def taken(outcomes: Sequence[Outcome]) -> Taken:
    """What is acknowledged among the outcomes."""
    done = [one for one in outcomes if one.status == "acknowledged"]
    updates = [one for one in done if one.op != "create"]
    return Taken(
        creates=len(done) - len(updates),
        updates=len(updates),
        churns=sum("churned" == one.status_after != one.status_before for one in updates),
        traits_set=sum(one.traits_set for one in done),
        traits_cleared=sum(one.traits_cleared for one in done),
    )
