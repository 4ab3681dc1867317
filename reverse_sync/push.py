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
    """Writes the batch; one that the store refuses is halved down to the account at fault."""
    try:
        return _push(store, batch, tracking, run)
    except BatchRefused as refused:
        if len(batch) == 1:
            return [_rejected(batch[0].account_id, f"the store cannot hold a value: {refused}")]
    middle = len(batch) // 2
    halves = (batch[:middle], batch[middle:])
    return [out for half in halves for out in push(store, half, tracking=tracking, run=run)]


def _push(
    store: AccountStore, batch: Sequence[Outgoing], tracking: Tracking, run: Run
) -> list[Outcome]:
    stored = store.read([outgoing.account_id for outgoing in batch])
    writes: list[AccountWrite] = []
    outcomes: list[Outcome] = []
    for outgoing in batch:
        try:
            writes.append(_write(outgoing, stored.get(outgoing.account_id), tracking, run))
        except UnreadableTrait as error:
            outcomes.append(_rejected(outgoing.account_id, str(error)))
    receipt = store.write(writes) if writes else Receipt(frozenset())
    return outcomes + [
        _outcome(write, receipt, stored.get(write.account_id), tracking) for write in writes
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


def _outcome(
    write: AccountWrite, receipt: Receipt, stored: StoredAccount | None, tracking: Tracking
) -> Outcome:
    if write.account_id not in receipt.accepted:
        held = receipt.newer.get(write.account_id)
        reason = f"version {write.version} is not newer than the store's {held}: left as it is"
        return _rejected(write.account_id, reason)
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
