"""A full read of one Stripe account: all that is listed, then what the lists no longer show.

Enters: an intake, the inbox, the reason. Leaves: complete landing tables, or the note of what is
still to be read. It is complete only when every range of every list has said `has_more=false`; a
range is noted as read after its rows are in the warehouse, so that a killed read goes on where it
was, and the events since its beginning tell what has changed in what it had read before.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime

from ingestion.changes import poll
from ingestion.deletion_limit import DeletionLimit, DeletionLimitReached
from ingestion.full_read_due import FullReadReason
from ingestion.inbox.cursors import BEGAN, COMPLETE, CURSOR, LANDED_AS, PIN, POLLED, Part
from ingestion.inbox.events_db import FIRST, Inbox
from ingestion.intake import BATCH, Intake, Watch
from ingestion.listing import listing
from ingestion.meanwhile import Asked, Meanwhile
from ingestion.merge.landing_fingerprint import FINGERPRINT
from ingestion.references.closing import close_references
from ingestion.stripe_api.client import Client
from ingestion.stripe_api.events import Head
from ingestion.stripe_api.permissions import check_permissions
from ingestion.stripe_api.reader import WHOLE, Page, utc_now
from ingestion.stripe_api.streams import LISTS

EVERYTHING: set[Part] = {(name, WHOLE.low, WHOLE.high) for name in LISTS}


def read_lists(
    inbox: Inbox,
    intake: Intake,
    reason: FullReadReason,
    head: Head,
    *,
    overlap: int,
) -> tuple[int, Asked | None]:
    """List all that no earlier attempt has listed; then settle what that has answered. How many
    events were new, and what was asked meanwhile.

    Raises PermissionMissing before anything is noted.
    """
    account = intake.stripe_account_id
    noted = None if reason.gap else inbox.position(account, CURSOR)
    cursor = int(noted or head.newest)
    meanwhile = Meanwhile(intake.connection, since=cursor - overlap)
    if reason.resumes:
        new = _go_on(inbox, intake, reason, meanwhile)
    else:
        _, new = asyncio.run(poll(inbox, intake, cursor, overlap, head=head))
        _begin(inbox, intake, reason, meanwhile, {} if noted else _position(head))
    began, last = _began(inbox, account), FIRST
    while batch := inbox.pending(account, after=last, most=BATCH):
        inbox.settle(account, intake.landing.seen(batch, since=began), read_from=began)
        last = batch[-1]
    return new, meanwhile.asked()


def _position(head: Head) -> dict[str, str]:
    return {CURSOR: str(head.newest), POLLED: head.at.isoformat() if head.at else ""}


def _go_on(inbox: Inbox, intake: Intake, reason: FullReadReason, meanwhile: Meanwhile) -> int:
    """The earlier attempt's lists may have answered most of what waits: that is asked after."""
    account = intake.stripe_account_id
    asyncio.run(_check(intake))
    inbox.note(account, intake.loaded_at, f"full read: {reason.why}")
    if parts := inbox.unread(account):
        intake.merge(listing(parts, ended=meanwhile.start), _Unread(inbox, account, parts))
    return 0


async def _check(intake: Intake) -> None:
    async with Client(intake.connection) as client:
        await check_permissions(client)


def _begin(
    inbox: Inbox,
    intake: Intake,
    reason: FullReadReason,
    meanwhile: Meanwhile,
    cursor: dict[str, str],
) -> None:
    """What the feed told was heard before: the lists answer it, and nothing of it is asked for by
    id. That it has begun, and where the feed stood before it, is noted with the first page.
    """
    account = intake.stripe_account_id
    positions = {
        BEGAN: max(intake.loaded_at, utc_now()).isoformat(),
        COMPLETE: "",
        PIN: intake.connection.api_version,
        LANDED_AS: FINGERPRINT,
        **cursor,
    }

    def begins() -> None:
        inbox.note(account, intake.loaded_at, f"full read: {reason.why}")
        inbox.keep_unread(account, EVERYTHING, **positions)

    waiting = inbox.pending(account, after=FIRST, most=BATCH)
    lists = listing(EVERYTHING, waiting, checks=True, ended=meanwhile.start)
    intake.merge(lists, _Unread(inbox, account, EVERYTHING, begins))


def mark_deleted(
    inbox: Inbox, intake: Intake, asked: Asked | None, *, gone_limit_percent: float | None
) -> None:
    """Ask by id for what no list has shown, mark what is gone, and call the full read complete.

    Raises DeletionLimitReached, with all else done, where more is gone than may be.
    """
    account, landing = intake.stripe_account_id, intake.landing
    began = _began(inbox, account)
    limit = DeletionLimit(landing.living(), gone_limit_percent)
    last = FIRST
    while batch := landing.unseen(since=began, after=last, most=BATCH):
        intake.read_by_id(batch, limit)
        last = batch[-1]
    newest = asked.unlisted if asked else None
    close_references(inbox, intake, everything=True, newest=newest)
    refusal = limit.refusal()
    if limit.held and not refusal:
        intake.merge_pages(limit.held)
    inbox.settle(account, [], read_from=began, **{COMPLETE: utc_now().isoformat(), BEGAN: ""})
    if refusal:
        inbox.note(account, utc_now(), f"deletion limit: {refusal}; none was marked as deleted")
        raise DeletionLimitReached(
            f"Stripe account {account}: {refusal}, more than STRIPE_GONE_LIMIT_PERCENT"
            " allows; check the key and the account. If it is so:"
            " stripe-traits reconcile --stripe --allow-gone."
            " All else is loaded; nothing was marked as deleted"
        )


class _Unread(Watch):
    """Which ranges are still to be listed; noted after each commit. `begins`: what the first page
    allows."""

    def __init__(
        self,
        inbox: Inbox,
        stripe_account_id: str,
        parts: set[Part],
        begins: Callable[[], None] | None = None,
    ) -> None:
        self._inbox = inbox
        self._account = stripe_account_id
        self._parts = set(parts)
        self._begins = begins

    def passed(self, page: Page) -> Page:
        if self._begins:
            self._begins()
            self._begins = None
        if page.read:
            self._parts.discard((page.listed, page.read.low, page.read.high))
            self._parts |= {(page.listed, part.low, part.high) for part in page.rest}
        return page

    def committed(self) -> None:
        self._inbox.keep_unread(self._account, self._parts)


def _began(inbox: Inbox, stripe_account_id: str) -> datetime:
    return datetime.fromisoformat(inbox.position(stripe_account_id, BEGAN) or "")
