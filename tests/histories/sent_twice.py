"""What an account store was sent twice, and whether that had to be.

Enters: deliveries as they begin and end, with the accounts whose change the outbox does not know to
be taken; the arrivals at the store. Leaves: counts. A change that arrives and changes nothing is a
repetition. It has to be where the outbox does not know that it was taken: the delivery before was
killed between the answer and its note, or the answer never came.
"""

from collections import Counter
from collections.abc import Sequence, Set
from dataclasses import dataclass, field

from misbehaving_store import Arrival

NO_NEED = "sent twice without need"
AFTER_KILL = "repeated after a kill"
NO_ANSWER = "repeated for want of an answer"
FORGOTTEN = "answers read and forgotten"


@dataclass
class Delivery:
    """One process that delivers: what was unresolved before and after it."""

    before: Set[str]
    after: Set[str] = frozenset()
    killed: bool = False


@dataclass
class Sent:
    """All deliveries of a history."""

    deliveries: list[Delivery] = field(default_factory=list)

    def begun(self, unresolved: Set[str]) -> int:
        """The number of the delivery that begins."""
        self.deliveries.append(Delivery(unresolved))
        return len(self.deliveries) - 1

    def ended(self, *, killed: bool, unresolved: Set[str]) -> None:
        self.deliveries[-1].killed = killed
        self.deliveries[-1].after = unresolved

    def judged(self, arrivals: Sequence[Arrival]) -> Counter[str]:
        """How often what was sent twice, and why."""
        counts: Counter[str] = Counter()
        last: dict[str, Arrival] = {}
        for one in arrivals:
            counts[self._kind(one, last.get(one.account))] += 1
            last[one.account] = one
        counts[FORGOTTEN] = sum(self._is_forgotten(one) for one in _last(arrivals))
        return counts

    def _kind(self, one: Arrival, before: Arrival | None) -> str:
        if not one.taken or one.changed:
            return "accounts sent"
        open_before = one.account in self.deliveries[one.delivery].before
        again = before is not None and before.delivery == one.delivery
        if again and before is not None and not before.answered:
            return NO_ANSWER
        if again or not open_before:
            return NO_NEED
        read = before is not None and before.answered
        killed = before is not None and self.deliveries[before.delivery].killed
        return AFTER_KILL if read and killed else NO_ANSWER

    def _is_forgotten(self, one: Arrival) -> bool:
        made = self.deliveries[one.delivery]
        return one.answered and not made.killed and one.account in made.after


def _last(arrivals: Sequence[Arrival]) -> list[Arrival]:
    """Of each account in each delivery."""
    return list({(one.delivery, one.account): one for one in arrivals}.values())
