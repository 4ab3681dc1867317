"""What one sync did, in counts that conserve.

In: the plan's counts and the store's replies. Out: one frozen result for the caller to show.
"""

from dataclasses import dataclass

from reverse_sync.tracking import SettingChange


@dataclass(frozen=True)
class Kept:
    """An account that was kept out or refused, and why."""

    account_id: str | None
    reason: str


@dataclass(frozen=True, kw_only=True)
class SyncResult:
    """Counts of accounts, of traits, and what was kept out.

    selected = unchanged + sent + invalid; sent = acknowledged + rejected + pending.
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
    overridden: tuple[SettingChange, ...] = ()
    invalid_accounts: tuple[Kept, ...] = ()
    rejected_accounts: tuple[Kept, ...] = ()

    def __post_init__(self) -> None:
        kept = self.unchanged + self.sent + self.invalid
        replied = self.acknowledged + self.rejected + self.pending
        if self.selected != kept or self.sent != replied or self.pending < 0:
            raise AssertionError(f"run {self.run_id}: counts do not conserve: {self}")
        if self.sent != self.creates + self.updates:
            raise AssertionError(f"run {self.run_id}: sent is not creates + updates: {self}")
