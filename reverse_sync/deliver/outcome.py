"""What the store answered about one account that was sent.

Enters: a write, the store's receipt. Leaves: an outcome, as `remember` notes it.
"""

from datetime import UTC, datetime
from typing import Literal, NamedTuple

from reverse_sync.deliver.outgoing import Outgoing
from reverse_sync.stores.account_store import (
    AccountWrite,
    BatchRefused,
    Receipt,
    Refusal,
    StoredAccount,
)
from reverse_sync.values.lifecycle import Lifecycle, review_at
from reverse_sync.values.lifecycle_text import lifecycle_text
from reverse_sync.values.tracking import Tracking
from reverse_sync.values.traits import number_text


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


def outcome_of(
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
        return refused(outgoing, receipt.refused[name])
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


def cannot_hold(refused: BatchRefused) -> Refusal:
    return Refusal(reason=f"the store cannot hold a value: {refused}", code=refused.code)


def _overtaken(outgoing: Outgoing, version: int, held: int) -> Outcome:
    """The store holds something newer: nobody's fault, and the next run comes after it."""
    reason = f"version {version} is not newer than the store's {held}: left as it is"
    return refused(outgoing, Refusal(reason=reason, code="newer"))._replace(permanent=False)


def refused(outgoing: Outgoing, refusal: Refusal) -> Outcome:
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
