"""push: brings a batch of planned changes to the store, and tells what became of each.

Enters: an open store, a batch, the tracking config. Leaves: an outcome for every account of the
batch. No warehouse here: nothing is locked while a store is slow.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal, NamedTuple

from reverse_sync.diff.decide import WHOLE
from reverse_sync.state.run import Run
from reverse_sync.stores.account_store import (
    AccountStore,
    AccountStoreError,
    AccountWrite,
    BatchRefused,
    Receipt,
    Refusal,
    StoredAccount,
)
from reverse_sync.values.lifecycle import (
    Facts,
    Lifecycle,
    lifecycle,
    review_at,
    traits_read,
)
from reverse_sync.values.lifecycle_text import facts_from, lifecycle_from, lifecycle_text
from reverse_sync.values.tracked_values import UnreadableTrait
from reverse_sync.values.tracking import Tracking
from reverse_sync.values.traits import Traits, Value, number_text, parse_traits


class Outgoing(NamedTuple):
    """One account's change as taken from the outbox, still as JSON text."""

    account_id: str
    op: str
    name: str | None
    traits: str
    changes: list[dict[str, str | None]]
    attempts: int = 0  # made before this one
    lifecycle: str | None = None  # to be written as it is; None: decided on the store's row
    facts: str | None = None
    priority: int = 0
    traits_set: int = 0
    traits_cleared: int = 0


class Outcome(NamedTuple):
    """What the store answered about one account.

    `failed`: not taken, but another attempt may pass. `confirmed` is false where the store takes
    without ever saying what it keeps. `code`, `body` and `permanent` are a refusal's, see Refusal.
    """

    account_id: str
    status: Literal["acknowledged", "rejected", "failed"]
    op: str
    traits_set: int = 0  # where it is acknowledged
    traits_cleared: int = 0
    attempts: int = 1
    confirmed: bool = True
    error: str | None = None
    code: str | None = None
    body: str | None = None
    permanent: bool = True
    mrr: str | None = None
    lifecycle_before: str | None = None  # as text, where a write changed it
    reply: str | None = None
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
                outcomes.append(_refused(part[0], _cannot_hold(refused)))
        except PushStopped as stopped:
            raise PushStopped(stopped.cause, outcomes + stopped.outcomes) from stopped
        except AccountStoreError as error:
            raise PushStopped(error, outcomes) from error
    return outcomes


def _push(
    store: AccountStore, batch: Sequence[Outgoing], tracking: Tracking, run: Run
) -> list[Outcome]:
    ids = [outgoing.account_id for outgoing in batch]
    stored = store.read(ids, traits=traits_read(tracking))
    writes: list[AccountWrite] = []
    outcomes: list[Outcome] = []
    for outgoing in batch:
        try:
            writes.append(_write(outgoing, stored.get(outgoing.account_id), tracking, run))
        except UnreadableTrait as error:
            outcomes.append(_refused(outgoing, Refusal(reason=str(error), code="unreadable")))
    receipt = store.write(writes) if writes else Receipt()
    sent = {outgoing.account_id: outgoing for outgoing in batch}
    answered = [
        _outcome(write, sent[write.account_id], receipt, stored.get(write.account_id), tracking)
        for write in writes
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
    return AccountWrite(
        account_id=outgoing.account_id,
        name=outgoing.name,
        set=_set(outgoing, current, is_held=stored is not None),
        unset=unset,
        lifecycle=_told(outgoing)
        or lifecycle(
            tracking=tracking,
            # Tracking may read traits that are not Stripe's: the store's own complete the picture.
            traits={**before, **dict.fromkeys(unset), **current} if before or unset else current,
            facts=facts_from(outgoing.facts) if outgoing.facts else Facts(),
            previous=stored.lifecycle if stored else None,
            as_of=run.as_of,
        ),
        version=run.version,
        at=run.as_of,
    )


def _told(outgoing: Outgoing) -> Lifecycle | None:
    return None if outgoing.lifecycle is None else lifecycle_from(outgoing.lifecycle)


def _set(outgoing: Outgoing, current: Traits, *, is_held: bool) -> dict[str, Value]:
    """An account sent whole sends every trait there is, another one those that changed; one that
    somebody has deleted in the store goes whole."""
    if outgoing.op in WHOLE or not is_held:
        return {trait: value for trait, value in current.items() if value is not None}
    changed = [change["trait"] or "" for change in outgoing.changes if change["new"] is not None]
    return {trait: current[trait] for trait in changed}


def _outcome(
    write: AccountWrite,
    outgoing: Outgoing,
    receipt: Receipt,
    stored: StoredAccount | None,
    tracking: Tracking,
) -> Outcome | None:
    """None where the store has not answered about the account."""
    name = write.account_id
    if name in receipt.accepted or name in receipt.unconfirmed:
        return _taken(write, outgoing, stored, tracking, confirmed=name in receipt.accepted)
    if name in receipt.refused:
        return _refused(outgoing, receipt.refused[name])
    if name in receipt.newer:
        return _overtaken(outgoing, write.version, receipt.newer[name])
    if receipt.stopped is None:
        raise AssertionError(f"the store's receipt says nothing about account {name}")
    return None


def _taken(
    write: AccountWrite,
    outgoing: Outgoing,
    stored: StoredAccount | None,
    tracking: Tracking,
    *,
    confirmed: bool,
) -> Outcome:
    review = review_at(tracking, write.lifecycle)
    before = stored.lifecycle if stored else Lifecycle()
    moved = stored is not None and before != write.lifecycle
    return Outcome(
        account_id=write.account_id,
        status="acknowledged",
        op=outgoing.op,
        traits_set=outgoing.traits_set,
        traits_cleared=outgoing.traits_cleared,
        attempts=outgoing.attempts + 1,
        confirmed=confirmed,
        mrr=None if write.lifecycle.mrr is None else number_text(write.lifecycle.mrr),
        lifecycle_before=lifecycle_text(before) if moved else None,
        reply="confirmed" if confirmed else "sent; this store never confirms",
        status_before=before.status,
        status_after=write.lifecycle.status,
        review_at=None if review is None else review.astimezone(UTC).replace(tzinfo=None),
    )


def _cannot_hold(refused: BatchRefused) -> Refusal:
    return Refusal(reason=f"the store cannot hold a value: {refused}", code=refused.code)


def _overtaken(outgoing: Outgoing, version: int, held: int) -> Outcome:
    """The store holds something newer: nobody's fault, and the next run comes after it."""
    reason = f"version {version} is not newer than the store's {held}: left as it is"
    return _refused(outgoing, Refusal(reason=reason, code="newer"))._replace(permanent=False)


def _refused(outgoing: Outgoing, refusal: Refusal) -> Outcome:
    return Outcome(
        account_id=outgoing.account_id,
        status="rejected" if refusal.permanent else "failed",
        op=outgoing.op,
        attempts=outgoing.attempts + 1,
        error=refusal.reason,
        reply=" ".join(filter(None, (refusal.code, refusal.body))) or None,
        code=refusal.code,
        body=refusal.body,
        permanent=refusal.permanent,
    )
