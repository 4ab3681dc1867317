"""What one sync did, in counts that conserve.

Enters: the plan's counts and the store's replies. Leaves: one frozen result, which everybody shows:
a command, a Dagster run, a cycle of `live`.
"""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from reverse_sync.deliver.acknowledged_counts import Taken
from reverse_sync.deliver.run_end import Ending, Kept
from reverse_sync.plan.counts import Plan
from reverse_sync.stores.account_store import AccountStoreError
from reverse_sync.values.tracking import SettingChange


@dataclass(frozen=True, kw_only=True)
class SyncResult:
    """Counts of accounts, of traits, and what was kept out.

    selected = unchanged + sent + invalid + blocked + deferred;
    sent = acknowledged + rejected + pending; acknowledged = creates + updates. `blocked` lie in the
    dead letters, `deferred` wait for their next attempt or for the target's budget, `pending` were
    sent without success. `creates`, `updates`, `churns` (among the updates) and the traits are what
    the store has acknowledged, not what was planned.
    `version` is None where nothing had to be sent: then no run is recorded.
    """

    run_id: str
    version: int | None
    selected: int
    unchanged: int
    invalid: int
    sent: int
    acknowledged: int
    rejected: int
    pending: int
    creates: int
    updates: int
    traits_set: int
    traits_cleared: int
    blocked: int = 0
    deferred: int = 0
    churns: int = 0
    waiting_until: datetime | None = None  # aware UTC: the first of those that wait; None: not said
    why_waiting: str | None = None  # the target's budget
    overridden: tuple[SettingChange, ...] = ()
    invalid_accounts: tuple[Kept, ...] = ()
    rejected_accounts: tuple[Kept, ...] = ()

    def __post_init__(self) -> None:
        kept = self.unchanged + self.sent + self.invalid + self.blocked + self.deferred
        replied = self.acknowledged + self.rejected + self.pending
        if self.selected != kept or self.sent != replied or self.pending < 0:
            raise AssertionError(f"run {self.run_id}: counts do not conserve: {self}")
        if self.acknowledged != self.creates + self.updates:
            raise AssertionError(
                f"run {self.run_id}: acknowledged is not creates + updates: {self}"
            )
        if self.planned != self.acknowledged + self.waiting + self.rejected:
            raise AssertionError(f"run {self.run_id}: what was planned has no outcome: {self}")

    @property
    def planned(self) -> int:
        """Accounts that differ from the model and may be sent, now or later."""
        return self.sent + self.deferred

    @property
    def waiting(self) -> int:
        """Accounts whose change the store has not taken, and that are tried again."""
        return self.pending + self.deferred

    def figures(self) -> dict[str, Any]:
        """Every number and moment, without the accounts."""
        told = asdict(self) | {"planned": self.planned, "waiting": self.waiting}
        return {name: value for name, value in told.items() if not isinstance(value, tuple | list)}


class SyncInterrupted(AccountStoreError):
    """The store went away in the middle; `result` tells how far the sync came."""

    def __init__(self, message: str, result: SyncResult) -> None:
        super().__init__(message)
        self.result = result


def result_of(
    plan: Plan, taken: Taken, ending: Ending, overridden: tuple[SettingChange, ...] = ()
) -> SyncResult:
    """The plan's counts with what became of them."""
    sent = plan.sent - ending.deferred
    moments = [moment for moment in (plan.waits_until, ending.waits_until) if moment]
    until = min(moments, default=None)
    return SyncResult(
        run_id=plan.run.run_id,
        version=plan.run.version if plan.recorded else None,
        selected=plan.selected,
        unchanged=plan.unchanged,
        invalid=len(plan.invalid),
        sent=sent,
        acknowledged=ending.acknowledged,
        rejected=ending.rejected,
        pending=sent - ending.acknowledged - ending.rejected,
        **vars(taken),
        blocked=plan.blocked,
        deferred=plan.deferred + ending.deferred,
        waiting_until=until.replace(tzinfo=UTC) if until else None,
        why_waiting=ending.waiting,
        overridden=overridden,
        invalid_accounts=tuple(Kept(row.account_id, row.reason) for row in plan.invalid),
        rejected_accounts=ending.rejections,
    )
