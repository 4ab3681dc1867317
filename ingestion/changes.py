"""What has changed at Stripe since the cursor: the feed into the inbox, the inbox into the tables.

Enters: an intake, the inbox, a position in the feed. Leaves: an inbox without what was read again.
Order matters: pointers are settled and the cursor moves only after their objects are in, so a
crash repeats, never loses.
"""

import asyncio
from time import monotonic

from ingestion.inbox.cursors import CURSOR, POLLED
from ingestion.inbox.events_db import FIRST, Inbox
from ingestion.intake import BATCH, Intake
from ingestion.stripe_api import events
from ingestion.stripe_api.client import Client
from ingestion.stripe_api.reader import utc_now

OVERLAP = 600  # seconds: the feed is eventually consistent, an event can appear minutes late


def read_changes(
    inbox: Inbox, intake: Intake, *, cursor: int, overlap: int = OVERLAP
) -> tuple[int, float]:
    """Read what events since `cursor` and the inbox point at; how many events were new, and how
    many seconds it took to hear of them."""
    began = monotonic()
    head, new = hear(inbox, intake, cursor=cursor, overlap=overlap)
    polled = monotonic() - began
    drain(inbox, intake)
    until = {POLLED: head.at.isoformat()} if head.at else {}
    moved = {CURSOR: str(max(cursor, head.newest)), **until}
    inbox.settle(intake.stripe_account_id, [], read_from=utc_now(), **moved)
    return new, polled


def hear(inbox: Inbox, intake: Intake, *, cursor: int, overlap: int) -> tuple[events.Head, int]:
    """`poll`, for who waits for it."""
    return asyncio.run(poll(inbox, intake, cursor, overlap))


async def poll(
    inbox: Inbox, intake: Intake, cursor: int, overlap: int = OVERLAP
) -> tuple[events.Head, int]:
    """Log the feed's pages; where it stood before, which is all that a long poll has surely seen.

    What is logged is pending from then on: a poll that breaks off repeats itself, the log does not.
    """
    new = 0
    async with Client(intake.connection) as client:
        head = await events.head(client)
        async for page in events.poll(client, since=cursor - overlap):
            new += inbox.append(intake.stripe_account_id, page, received_at=utc_now())
    return head, new


def drain(inbox: Inbox, intake: Intake) -> None:
    """Each pending object once; what arrives meanwhile for an object already read waits."""
    account, last = intake.stripe_account_id, FIRST
    while batch := inbox.pending(account, after=last, most=BATCH):
        began = utc_now()
        intake.read_by_id(batch)
        inbox.settle(account, batch, read_from=began)
        last = batch[-1]
