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
    AccountStoreError,
    AccountWrite,
    BatchRefused,
    Receipt,
    Refusal,
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
    """What the store answered about one account.

    `confirmed` is false where the store takes without ever saying what it keeps. `code`, `body`
    and `permanent` are a refusal's, see Refusal.
    """

    account_id: str
    status: Literal["acknowledged", "rejected"]
    confirmed: bool = True
    error: str | None = None
    code: str | None = None
    body: str | None = None
    permanent: bool = True
    status_before: str | None = None
    status_after: str | None = None
    review_at: datetime | None = None


class PushStopped(AccountStoreError):
    """The store went away, or its rate limit, in the middle of a batch: the rest has no answer.

    `outcomes` are those before it, `cause` is what the store raised (NotNow: only a wait).
    """

    def __init__(self, cause: AccountStoreError, outcomes: list[Outcome]) -> None:
        super().__init__(str(cause))
        self.cause = cause
        self.outcomes = outcomes


def push(
    store: AccountStore, batch: Sequence[Outgoing], *, tracking: Tracking, run: Run
) -> list[Outcome]:
    """Writes the batch; one that the store refuses is halved down to the account at fault.

    Raises PushStopped with the outcomes so far when the store goes away.
    """
    outcomes: list[Outcome] = []
    halves = [batch]
    while halves:
        part = halves.pop(0)
        try:
            outcomes += _push(store, part, tracking, run)
        except BatchRefused as refused:
            middle = len(part) // 2
            if middle:
                halves = [part[:middle], part[middle:], *halves]
            else:
                outcomes.append(_rejected(part[0].account_id, _cannot_hold(refused)))
        except PushStopped as stopped:
            raise PushStopped(stopped.cause, outcomes + stopped.outcomes) from stopped
        except AccountStoreError as error:
            raise PushStopped(error, outcomes) from error
    return outcomes


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
            outcomes.append(_rejected(outgoing.account_id, Refusal(reason=str(error))))
    receipt = store.write(writes) if writes else Receipt()
    answered = [
        _outcome(write, receipt, stored.get(write.account_id), tracking) for write in writes
    ]
    outcomes += [outcome for outcome in answered if outcome is not None]
    if receipt.stopped is not None:
        raise PushStopped(receipt.stopped, outcomes)
    return outcomes


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
) -> Outcome | None:
    """None where the store has not answered about the account."""
    name = write.account_id
    if name in receipt.accepted or name in receipt.unconfirmed:
        return _taken(write, stored, tracking, confirmed=name in receipt.accepted)
    if name in receipt.refused:
        return _rejected(name, receipt.refused[name])
    if name in receipt.newer:
        reason = f"version {write.version} is not newer than the store's {receipt.newer[name]}"
        return _rejected(name, Refusal(reason=f"{reason}: left as it is"))
    if receipt.stopped is None:
        raise AssertionError(f"the store's receipt says nothing about account {name}")
    return None


def _taken(
    write: AccountWrite, stored: StoredAccount | None, tracking: Tracking, *, confirmed: bool
) -> Outcome:
    review = review_at(tracking, write.lifecycle)
    return Outcome(
        account_id=write.account_id,
        status="acknowledged",
        confirmed=confirmed,
        status_before=(stored.lifecycle if stored else Lifecycle()).status,
        status_after=write.lifecycle.status,
        review_at=None if review is None else review.astimezone(UTC).replace(tzinfo=None),
    )


def _cannot_hold(refused: BatchRefused) -> Refusal:
    return Refusal(reason=f"the store cannot hold a value: {refused}", code=refused.code)


def _rejected(account_id: str, refusal: Refusal) -> Outcome:
    return Outcome(
        account_id=account_id,
        status="rejected",
        error=refusal.reason,
        code=refusal.code,
        body=refusal.body,
        permanent=refusal.permanent,
    )
