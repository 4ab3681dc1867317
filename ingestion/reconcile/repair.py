"""Reconcile: what Stripe lists beside what is landed; repair what differs, mark what is gone.

Enters: how one Stripe account and the files are reached, and a share of it. Leaves: repaired rows
and counts. Repairs go the way of every read: by id, through the version guard. The caller holds
the warehouse's lock.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from ingestion.changes import poll, read_changes
from ingestion.deletion_limit import DeletionLimit, DeletionLimitReached
from ingestion.engines import engine
from ingestion.inbox.cursors import COMPLETE, CURSOR
from ingestion.inbox.events_db import Inbox
from ingestion.inbox.loader import Loader
from ingestion.intake import BATCH, Intake, Paths, Progress
from ingestion.landing.rows import Stamp
from ingestion.listing import listing
from ingestion.load import DEFAULT, Bounds, identify
from ingestion.merge.fitting_rows import Quarantine
from ingestion.reconcile.comparison import Comparison
from ingestion.reconcile.slices import Share
from ingestion.references.closing import close_references
from ingestion.stripe_api.connection import Connection
from ingestion.stripe_api.event_types import Pointer
from ingestion.stripe_api.page_queue import pages
from ingestion.stripe_api.reader import Range, utc_now
from ingestion.stripe_api.refusals import StripeError
from ingestion.stripe_api.streams import LISTS

_EPOCH = datetime.fromtimestamp(0, UTC).replace(tzinfo=None)


@dataclass(frozen=True)
class Compared:
    """Of one stream: objects that Stripe lists; among them not landed, or landed otherwise (both
    were read again); landed ones that are gone (and were marked, unless the limit held)."""

    listed: int
    absent: int
    differing: int
    gone: int


def reconcile(
    connection: Connection,
    paths: Paths,
    share: Share,
    *,
    progress: Progress,
    bounds: Bounds = DEFAULT,
) -> dict[str, Compared]:
    """Compare a share of the account with Stripe and repair it; counts by stream.

    Raises StripeError, and DeletionLimitReached with all else done where more is gone than may be.
    """
    with Inbox.open(paths.inbox) as inbox, ExitStack() as whole_load:
        account, head = asyncio.run(identify(connection))
        if not inbox.position(account, COMPLETE):
            raise StripeError("there is no complete read to compare with: run stripe-traits sync")
        loader = Loader(inbox, account)
        whole_load.enter_context(engine(paths.warehouse).whole_load(account, loader))
        intake = Intake(connection, account, paths, progress=progress, chunk=bounds.chunk)
        cursor = int(inbox.position(account, CURSOR) or 0)
        read_changes(inbox, intake, cursor=cursor)
        until = head.at or utc_now()
        ranges = share.ranges(int((until - _EPOCH).total_seconds()))
        seen, unlisted = _compare(intake, paths, ranges)
        asyncio.run(poll(inbox, intake, cursor))
        meanwhile = set(inbox.pending(account))  # no drift: its event has only just come
        differing = sorted(seen.differing - meanwhile)
        limit = DeletionLimit(intake.landing.living(), bounds.gone_limit_percent)
        for batch in _batches([*differing, *(one for one in unlisted if one not in meanwhile)]):
            intake.read_by_id(batch, limit)
        close_references(inbox, intake, everything=True)
        result = _counted(seen, differing, limit)
        _mark_deleted(inbox, intake, limit)
        read_changes(inbox, intake, cursor=cursor)
        inbox.keep_quarantined(account, intake.landing.kept_out())
        inbox.keep_compared(account, {name: asdict(counts) for name, counts in result.items()})
        inbox.note(account, utc_now(), f"reconcile {share.number}/{share.count}: {_said(result)}")
        return result


def _compare(intake: Intake, paths: Paths, ranges: list[Range]) -> tuple[Comparison, list[Pointer]]:
    parts = {(name, part.low, part.high) for name in LISTS for part in ranges}
    stamp = Stamp(intake.stripe_account_id, intake.loaded_at, intake.loaded_at)
    with (
        Comparison(paths.warehouse, intake.stripe_account_id) as seen,
        closing(pages(intake.connection, listing(parts))) as found,
    ):
        for page in found:
            seen.look(page, Quarantine({}).rows(page, stamp))
            intake.progress(page.stream, seen.listed[page.stream])
        return seen, seen.unlisted(ranges)


def _mark_deleted(inbox: Inbox, intake: Intake, limit: DeletionLimit) -> None:
    """Mark what is gone, unless it is too much; a released limit that would have held is noted."""
    account = intake.stripe_account_id
    refusal = limit.refusal()
    if refusal:
        inbox.note(account, utc_now(), f"deletion limit: {refusal}; none was marked as deleted")
        raise DeletionLimitReached(
            f"Stripe account {account}: {refusal}, more than STRIPE_GONE_LIMIT_PERCENT allows;"
            f" check the key and the account. If it is so: stripe-traits reconcile --stripe"
            f" --allow-gone. All else is repaired; nothing was marked as deleted"
        )
    if limit.held:
        intake.merge_pages(limit.held)
    if limit.released and limit.gone:
        counts = ", ".join(f"{count:,} {stream}" for stream, count in sorted(limit.gone.items()))
        inbox.note(account, utc_now(), f"deletion limit lifted once: {counts} marked as deleted")


def _batches(pointers: list[Pointer]) -> Iterable[list[Pointer]]:
    return (pointers[start : start + BATCH] for start in range(0, len(pointers), BATCH))


def _counted(
    seen: Comparison, differing: list[Pointer], limit: DeletionLimit
) -> dict[str, Compared]:
    counts = Counter(stream for stream, _ in differing)
    streams = sorted({stream.name for stream in LISTS.values()} | counts.keys())
    return {
        name: Compared(
            listed=seen.listed[name],
            absent=seen.absent[name],
            differing=counts[name],
            gone=limit.gone[name],
        )
        for name in streams
    }


def _said(result: dict[str, Compared]) -> str:
    sums = Counter[str]()
    for compared in result.values():
        sums.update(asdict(compared))
    return f"{sums['listed']:,} listed, {sums['differing']:,} repaired, {sums['gone']:,} gone"
