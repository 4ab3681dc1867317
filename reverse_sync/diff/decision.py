"""What is to be done about one account: the words of a plan.

Enters: nothing. Leaves: a write, a reason to keep an account out, a wait, or nothing.
"""

from datetime import datetime
from typing import NamedTuple

WHOLE = ("create", "resync")  # operations that send every trait that has a value
# In the place of source_md5, of what `undo` has put back: not the model's, so that the next plan
# looks again. Nothing else leaves it so.
UNDONE = "undone"


class Planned(NamedTuple):
    """One account's row for the outbox; the lifecycle is foreseen, the store's row decides it."""

    account_id: str
    op: str
    name: str | None
    traits: str
    changes: tuple[dict[str, str | None], ...]
    source_md5: str
    traits_set: int
    traits_cleared: int
    attempts: int
    currency: str | None
    traits_held: int
    priority: int = 0
    status_before: str | None = None
    status_after: str | None = None
    mrr_before: str | None = None
    mrr_after: str | None = None
    lifecycle: str | None = None
    facts: str | None = None


class Invalid(NamedTuple):
    """An account that is kept out, and why."""

    account_id: str | None
    reason: str


class Unchanged(NamedTuple):
    """An account whose text differs but whose values do not."""

    account_id: str
    source_md5: str
    facts: str | None


class Deferred(NamedTuple):
    """An account whose change failed and is not due again yet."""

    account_id: str
    until: datetime  # naive UTC


class Parked(NamedTuple):
    """An account whose change lies in the dead letters and is still the same."""

    account_id: str


Decision = Planned | Invalid | Unchanged | Deferred | Parked
