"""What one sync did, in counts that conserve.

Enters: the plan's counts and the store's replies. Leaves: one frozen result for the caller to show.
"""

from dataclasses import dataclass

from reverse_sync.deliver.run_end import Ending, Kept
from reverse_sync.plan.counts import Plan
from reverse_sync.values.tracking import SettingChange


@dataclass(frozen=True, kw_only=True)
class SyncResult:
    """Counts of accounts, of traits, and what was kept out.

    selected = unchanged + sent + invalid + blocked + deferred;
    sent = acknowledged + rejected + pending. `blocked` lie in the dead letters, `deferred` wait for
    their next attempt or for the target's budget, `pending` were sent without success.
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
    planned: int | None = None  # accounts to send before the budget ran short; None: as sent
    waiting: str | None = None  # why accounts were put off
    overridden: tuple[SettingChange, ...] = ()
    invalid_accounts: tuple[Kept, ...] = ()
    rejected_accounts: tuple[Kept, ...] = ()

    def __post_init__(self) -> None:
        kept = self.unchanged + self.sent + self.invalid + self.blocked + self.deferred
        replied = self.acknowledged + self.rejected + self.pending
        if self.selected != kept or self.sent != replied or self.pending < 0:
            raise AssertionError(f"run {self.run_id}: counts do not conserve: {self}")
        planned = self.sent if self.planned is None else self.planned
        if planned != self.creates + self.updates:
            raise AssertionError(f"run {self.run_id}: sent is not creates + updates: {self}")


def result_of(plan: Plan, ending: Ending, overridden: tuple[SettingChange, ...] = ()) -> SyncResult:
    """The plan's counts with what became of them."""
    sent = plan.sent - ending.deferred
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
        creates=plan.creates,
        updates=plan.updates,
        traits_set=plan.traits_set,
        traits_cleared=plan.traits_cleared,
        blocked=plan.blocked,
        deferred=plan.deferred + ending.deferred,
        churns=plan.churns,
        planned=plan.sent,
        waiting=ending.waiting,
        overridden=overridden,
        invalid_accounts=tuple(Kept(row.account_id, row.reason) for row in plan.invalid),
        rejected_accounts=ending.rejections,
    )
