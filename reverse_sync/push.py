"""push: brings a batch of planned changes to the store, and tells what became of each.

In: an open store, a batch, the tracking config. Out: an outcome for every account of the batch.
No warehouse here: nothing is locked while a store is slow.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from reverse_sync.account_store import (
    AccountStore,
    AccountWrite,
    BatchRefused,
    Receipt,
    StoredAccount,
)
from reverse_sync.lifecycle import (
    CANCEL_AT_PERIOD_END,
    Lifecycle,
    Previous,
    UnreadableTrait,
    lifecycle,
    review_at,
)
from reverse_sync.state import Run
from reverse_sync.tracking import Tracking
from reverse_sync.traits import Traits, Value, parse_traits


@dataclass(frozen=True)
class Outgoing:
    """One account's change as taken from the outbox, still as JSON text."""

    account_id: str
    op: str
    name: str | None
    traits: str
    changes: list[dict[str, str | None]]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What the store answered about one account."""

    account_id: str
    status: Literal["acknowledged", "rejected"]
    error: str | None = None
    status_before: str | None = None
    status_after: str | None = None
    review_at: datetime | None = None


def push(
    store: AccountStore, batch: Sequence[Outgoing], *, tracking: Tracking, run: Run
) -> list[Outcome]:
    """Writes the batch; a bad account is kept out with its reason, the others go."""
    stored = store.read([outgoing.account_id for outgoing in batch])
    writes: list[AccountWrite] = []
    outcomes: list[Outcome] = []
    for outgoing in batch:
        try:
            writes.append(_write(outgoing, stored.get(outgoing.account_id), tracking, run))
        except UnreadableTrait as error:
            outcomes.append(_rejected(outgoing.account_id, str(error)))
    return outcomes + [
        _outcome(write, error, stored.get(write.account_id), tracking)
        for write, error in _delivered(store, writes)
    ]


def _write(
    outgoing: Outgoing, stored: StoredAccount | None, tracking: Tracking, run: Run
) -> AccountWrite:
    before = stored.traits if stored else {}
    current = parse_traits(outgoing.traits)
    unset = tuple(c["trait"] or "" for c in outgoing.changes if c["new"] is None)
    cancels = before.get(CANCEL_AT_PERIOD_END) is True
    previous = Previous(stored.lifecycle, cancels_at_period_end=cancels) if stored else None
    return AccountWrite(
        account_id=outgoing.account_id,
        name=outgoing.name,
        set=_set(outgoing, current),
        unset=unset,
        lifecycle=lifecycle(
            tracking=tracking,
            # Tracking may read traits that are not Stripe's: the store's own complete the picture.
            traits={**before, **dict.fromkeys(unset), **current},
            previous=previous,
            as_of=run.as_of,
        ),
        version=run.version,
        at=run.as_of,
    )


def _set(outgoing: Outgoing, current: Traits) -> dict[str, Value]:
    """A first write sends every trait there is, a later one those that changed."""
    if outgoing.op == "create":
        return {trait: value for trait, value in current.items() if value is not None}
    changed = [change["trait"] or "" for change in outgoing.changes if change["new"] is not None]
    return {trait: current[trait] for trait in changed}


def _delivered(
    store: AccountStore, writes: Sequence[AccountWrite]
) -> list[tuple[AccountWrite, str | None]]:
    """Each write with the reason of its refusal; a refused batch is halved down to the bad row."""
    if not writes:
        return []
    try:
        receipt = store.write(writes)
    except BatchRefused as refused:
        if len(writes) == 1:
            return [(writes[0], f"the store cannot hold a value: {refused}")]
        middle = len(writes) // 2
        return _delivered(store, writes[:middle]) + _delivered(store, writes[middle:])
    return [(write, _refusal(write, receipt)) for write in writes]


def _refusal(write: AccountWrite, receipt: Receipt) -> str | None:
    if write.account_id in receipt.accepted:
        return None
    version = receipt.newer.get(write.account_id)
    return f"version {write.version} is not newer than the store's {version}: left as it is"


def _outcome(
    write: AccountWrite, error: str | None, stored: StoredAccount | None, tracking: Tracking
) -> Outcome:
    if error is not None:
        return _rejected(write.account_id, error)
    review = review_at(tracking, write.lifecycle)
    return Outcome(
        account_id=write.account_id,
        status="acknowledged",
        status_before=(stored.lifecycle if stored else Lifecycle()).status,
        status_after=write.lifecycle.status,
        review_at=None if review is None else review.astimezone(UTC).replace(tzinfo=None),
    )


def _rejected(account_id: str, reason: str) -> Outcome:
    return Outcome(account_id=account_id, status="rejected", error=reason)
