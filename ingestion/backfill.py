"""A full read of one Stripe account: all that is listed, then what the lists no longer show.

Enters: an intake, the inbox, the reason. Leaves: complete landing tables, or the note of what is
still to be read. It is complete only when every range of every list has said `has_more=false`; a
range is noted as read after its rows are in the warehouse, so that a killed read goes on where it
was, and the events since its beginning tell what has changed in what it had read before.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from functools import partial

from ingestion.changes import poll
from ingestion.deletion_limit import DeletionLimit, DeletionLimitReached
from ingestion.full_read_due import FullReadReason
from ingestion.inbox.cursors import BEGAN, COMPLETE, CURSOR, LANDED_AS, PIN, POLLED, Part
from ingestion.inbox.events_db import FIRST, Inbox
from ingestion.intake import BATCH, Intake, Watch, refetch
from ingestion.merge.landing_fingerprint import FINGERPRINT
from ingestion.references.closing import close_references
from ingestion.stripe_api.client import Client
from ingestion.stripe_api.event_types import Pointer
from ingestion.stripe_api.events import Head
from ingestion.stripe_api.page_queue import Read
from ingestion.stripe_api.permissions import check_permissions
from ingestion.stripe_api.reader import WHOLE, Emit, ListReader, Page, Range, utc_now
from ingestion.stripe_api.streams import LISTS

EVERYTHING: set[Part] = {(name, WHOLE.low, WHOLE.high) for name in LISTS}


def begin(inbox: Inbox, intake: Intake, reason: FullReadReason, head: Head, *, overlap: int) -> int:
    """Note that a full read has begun, and where the feed stood before it; events that are new.

    What the feed tells by now is heard first: the lists answer it, and nothing of it is asked for
    by id. Raises PermissionMissing.
    """
    account = intake.stripe_account_id
    if reason.resumes:
        asyncio.run(_check(intake))
        inbox.note(account, intake.loaded_at, f"full read: {reason.why}")
        return 0
    known = None if reason.gap else inbox.position(account, CURSOR)
    new = asyncio.run(_check_and_hear(inbox, intake, int(known or head.newest), overlap))
    inbox.note(account, intake.loaded_at, f"full read: {reason.why}")
    began = max(intake.loaded_at, utc_now())
    positions = {
        BEGAN: began.isoformat(),
        COMPLETE: "",
        PIN: intake.connection.api_version,
        LANDED_AS: FINGERPRINT,
    }
    if not known:
        positions[CURSOR] = str(head.newest)
        positions[POLLED] = head.at.isoformat() if head.at else ""
    inbox.keep_unread(account, EVERYTHING, **positions)
    return new


async def _check(intake: Intake) -> None:
    async with Client(intake.connection) as client:
        await check_permissions(client)


async def _check_and_hear(inbox: Inbox, intake: Intake, cursor: int, overlap: int) -> int:
    """At once, as both wait for Stripe. What the check says goes first: it names all at once."""
    checked, heard = await asyncio.gather(
        _check(intake), poll(inbox, intake, cursor, overlap), return_exceptions=True
    )
    if isinstance(checked, BaseException):
        raise checked
    if isinstance(heard, BaseException):
        raise heard
    return heard[1]


def read_lists(inbox: Inbox, intake: Intake, reason: FullReadReason) -> None:
    """List all that no earlier attempt has listed; then settle what that has answered."""
    account = intake.stripe_account_id
    parts = inbox.unread(account)
    if parts:
        # An earlier attempt's lists may have answered most of what waits: that is asked below.
        first = not reason.resumes
        waiting = inbox.pending(account, after=FIRST, most=BATCH) if first else []
        intake.merge(listing(parts, waiting), _Unread(inbox, account, parts))
    began = _began(inbox, account)
    last = FIRST
    while batch := inbox.pending(account, after=last, most=BATCH):
        inbox.settle(account, intake.landing.seen(batch, since=began), read_from=began)
        last = batch[-1]


def mark_deleted(inbox: Inbox, intake: Intake, *, gone_limit_percent: float | None) -> None:
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
    close_references(inbox, intake, everything=True)
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
    """Which ranges are still to be listed; noted after each commit."""

    def __init__(self, inbox: Inbox, stripe_account_id: str, parts: set[Part]) -> None:
        self._inbox = inbox
        self._account = stripe_account_id
        self._parts = set(parts)

    def passed(self, page: Page) -> Page:
        if page.read:
            self._parts.discard((page.listed, page.read.low, page.read.high))
            self._parts |= {(page.listed, part.low, part.high) for part in page.rest}
        return page

    def committed(self) -> None:
        self._inbox.keep_unread(self._account, self._parts)


def _began(inbox: Inbox, stripe_account_id: str) -> datetime:
    return datetime.fromisoformat(inbox.position(stripe_account_id, BEGAN) or "")


def listing(parts: set[Part], waiting: Iterable[Pointer] = ()) -> Read:
    """Every object of these ranges; then those of `waiting` that were not among them (deleted
    customers, mostly), to be merged with the others."""
    unlisted = set(waiting)

    async def read(client: Client, emit: Emit) -> None:
        async def emit_listed(name: str, page: Page) -> None:
            unlisted.difference_update((page.stream, found["id"]) for found in page.objects)
            await emit(replace(page, listed=name))

        async with asyncio.TaskGroup() as group:
            for name in sorted({listed for listed, _, _ in parts}):
                ranges = sorted((low, high) for listed, low, high in parts if listed == name)
                reader = ListReader(client, LISTS[name], partial(emit_listed, name))
                group.create_task(reader.read(Range(low, high) for low, high in ranges))
        await refetch(sorted(unlisted))(client, emit)

    return read
