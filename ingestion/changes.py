"""What has changed at Stripe since the cursor: the feed into the inbox, the inbox into the tables.

Enters: an intake, the inbox, a position in the feed. Leaves: an inbox without what was read again.
Order matters: pointers are settled and the cursor moves only after their objects are in, so a
crash repeats, never loses.
"""

import asyncio
from datetime import datetime
from time import monotonic
from typing import Any

from ingestion.inbox.cursors import BROKEN_FEED, CURSOR, POLLED
from ingestion.inbox.events_db import FIRST, Inbox
from ingestion.intake import BATCH, Intake
from ingestion.references.closing import close_references
from ingestion.stripe_api import events
from ingestion.stripe_api.client import Client
from ingestion.stripe_api.event_shape import problem, told
from ingestion.stripe_api.list_page import BrokenPage
from ingestion.stripe_api.reader import utc_now

MISSHAPEN = "misshapen"
OVERLAP = 600  # seconds: the feed is eventually consistent, an event can appear minutes late


def read_changes(  # noqa: PLR0913  (by keyword)
    inbox: Inbox,
    intake: Intake,
    *,
    cursor: int,
    overlap: int = OVERLAP,
    closes: bool = True,
    opened: events.Opening | None = None,
) -> tuple[int, float]:
    """Read what events since `cursor` and the inbox point at; how many events were new, and how
    many seconds it took to hear of them. `closes`: read what those objects name, too; `opened`: as
    for `poll`."""
    began = monotonic()
    head, new = asyncio.run(poll(inbox, intake, cursor, overlap, opened=opened))
    polled = monotonic() - began
    drain(inbox, intake, closes=closes)
    until = {POLLED: head.at.isoformat()} if head.at else {}
    moved = {CURSOR: str(max(cursor, head.newest)), **until}
    inbox.settle(intake.stripe_account_id, [], read_from=utc_now(), **moved)
    return new, polled


async def poll(  # noqa: PLR0913  (by keyword)
    inbox: Inbox,
    intake: Intake,
    cursor: int,
    overlap: int = OVERLAP,
    *,
    head: events.Head | None = None,
    opened: events.Opening | None = None,
) -> tuple[events.Head, int]:
    """Log the feed's pages; where it stood before, which is all that a long poll has surely seen.

    `head`: that, where it was asked just before; `opened`: this poll's first answers, where they
    are here. What is logged is pending from then on: a poll that breaks off repeats itself, the log
    does not.
    """
    account, new, broken = intake.stripe_account_id, 0, list[BrokenPage]()
    async with Client(intake.connection) as client:
        if opened is None:
            opened = await events.opening(client, since=cursor - overlap, known=head)
        async for page in events.poll(client, opened, broken):
            new += _log(inbox, account, page)
    said = str(broken[0]) if broken else ""
    inbox.settle(account, [], read_from=utc_now(), **{BROKEN_FEED: said})
    # What a broken page kept back is asked for again: the cursor stays.
    return (events.Head(0, None) if broken else opened.head), new


def _log(inbox: Inbox, account: str, page: list[Any]) -> int:
    """Log the events that can be read, note the others; how many of the former were new."""
    wrong = [(event, problem(event)) for event in page]
    misshapen = [(told(event), MISSHAPEN) for event, why in wrong if why]
    if misshapen and inbox.refuse(misshapen, received_at=utc_now()):
        first = next(f"{told(event)['id']}: {why}" for event, why in wrong if why)
        inbox.note(
            account, utc_now(), f"{len(misshapen)} events that cannot be read left out; {first}"
        )
    sound = [event for event, why in wrong if not why]
    return inbox.append(account, sound, received_at=utc_now())


def _begins(inbox: Inbox) -> datetime:
    """Now, and not before what was received: a clock that was set back leaves nothing pending."""
    now, latest = utc_now(), inbox.latest()
    return max(now, latest) if latest else now


def drain(inbox: Inbox, intake: Intake, *, closes: bool = True) -> None:
    """Each pending object once; what arrives meanwhile for an object already read waits."""
    account, last = intake.stripe_account_id, FIRST
    while batch := inbox.pending(account, after=last, most=BATCH):
        began = _begins(inbox)
        intake.read_by_id(batch)
        if closes:
            close_references(inbox, intake)
        inbox.settle(account, batch, read_from=began)
        last = batch[-1]
    if closes and last == FIRST:
        close_references(inbox, intake)  # what was noted may be due
