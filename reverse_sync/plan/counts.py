"""The counts of a plan, which conserve.

Enters: planned outbox rows. Leaves: one frozen plan. Pure.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from reverse_sync.diff.decision import Invalid, Planned
from reverse_sync.state.run import Run


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The counts of what a run is about to send.

    `blocked` lie in the dead letters, `deferred` wait for their next attempt, the first of them
    until `waits_until` (naive UTC), `churns` are updates that turn an account churned. `recorded`
    is false where nothing is to do. `build` is the id of the build whose marts were read; None:
    they do not say.
    """

    run: Run
    selected: int
    unchanged: int
    sent: int
    creates: int
    updates: int
    churns: int
    traits_set: int
    traits_cleared: int
    blocked: int
    deferred: int
    invalid: tuple[Invalid, ...]
    recorded: bool
    digest: str = ""
    build: str | None = None
    waits_until: datetime | None = None

    def __post_init__(self) -> None:
        kept = self.unchanged + self.sent + len(self.invalid) + self.blocked + self.deferred
        if self.selected != kept:
            raise AssertionError(f"run {self.run.run_id}: the plan loses accounts: {self}")


def counts_of(rows: Sequence[Planned]) -> Counter[str]:
    """The plan's counts of outbox rows."""
    counts: Counter[str] = Counter()
    for row in rows:
        counts["sent"] += 1
        counts["creates" if row.op == "create" else "updates"] += 1
        counts["traits_set"] += row.traits_set
        counts["traits_cleared"] += row.traits_cleared
        turned = row.status_after == "churned" and row.status_before != "churned"
        counts["churns"] += turned and row.op != "create"
    return counts


def planned(run: Run, counts: Counter[str], *, selected: int, invalid: Sequence[Invalid]) -> Plan:
    """The plan with these counts; not recorded yet."""
    return Plan(
        run=run,
        selected=selected,
        unchanged=counts["unchanged"],
        sent=counts["sent"],
        creates=counts["creates"],
        updates=counts["updates"],
        churns=counts["churns"],
        traits_set=counts["traits_set"],
        traits_cleared=counts["traits_cleared"],
        blocked=counts["blocked"],
        deferred=counts["deferred"],
        invalid=tuple(invalid),
        recorded=False,
    )
