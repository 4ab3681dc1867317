"""One load: Stripe's changes (or everything) into the landing tables.

Enters: how one Stripe account and the files are reached. Leaves: its rows in `stripe.*`, the raw
log, and an inbox without what was loaded. The caller holds the warehouse's lock. How changes and
everything are read stands in `changes` and `backfill`.
"""

import asyncio
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime

from ingestion import backfill
from ingestion.changes import OVERLAP, read_changes
from ingestion.engines import engine
from ingestion.full_read_due import Form, FullReadReason, Known, full_read_reason
from ingestion.inbox.cursors import (
    BEGAN,
    COMPLETE,
    CURSOR,
    LANDED_AS,
    LANDED_IN,
    LIVEMODE,
    PIN,
    POLLED,
)
from ingestion.inbox.events_db import Inbox
from ingestion.inbox.loader import Loader
from ingestion.intake import CHUNK, Intake, Paths, Progress
from ingestion.merge.landing_fingerprint import FINGERPRINT
from ingestion.merge.warehouse import exists, load_libraries, opened_once
from ingestion.stripe_api.account_id import account_id
from ingestion.stripe_api.client import Client
from ingestion.stripe_api.connection import Connection
from ingestion.stripe_api.events import Head, head
from ingestion.stripe_api.permissions import check_permissions
from ingestion.stripe_api.reader import utc_now
from ingestion.stripe_api.refusals import StripeError

__all__ = ["Bounds", "LoadResult", "Paths", "load"]


@dataclass(frozen=True)
class Bounds:
    """`gone_limit_percent` of a stream may be found gone at once (None: any number).
    `chunk` objects
    are committed together. `joins`: it may be another account than those that are there. `overlap`:
    seconds of the feed before the cursor that are read again."""

    gone_limit_percent: float | None = 5.0
    chunk: int = CHUNK
    joins: bool = False
    overlap: int = OVERLAP


DEFAULT = Bounds()


@dataclass(frozen=True)
class LoadResult:
    """What one load did: objects read by stream, rows by landing table. `why` everything was.

    `waited`: seconds for Stripe's objects, `polled`: for its events."""

    full: bool
    stripe_account_id: str
    events: int = 0
    objects: Counter[str] = field(default_factory=Counter)
    rows: Counter[str] = field(default_factory=Counter)
    why: str | None = None
    waited: float = 0.0
    polled: float = 0.0


def load(
    connection: Connection,
    paths: Paths,
    *,
    full: bool = False,
    progress: Progress | None = None,
    bounds: Bounds = DEFAULT,
) -> LoadResult:
    """Bring an account's rows up to Stripe's state; its first load, and `full`, read everything.

    So does one after a gap in the events, and one at another API version. Raises StripeError,
    DeletionLimitReached, AccountTaken.
    """
    with (
        Inbox.open(paths.inbox) as inbox,
        opened_once(paths.warehouse),
        ExitStack() as whole_load,
    ):
        if not inbox.accounts():
            load_libraries(paths.warehouse)
        account, now = asyncio.run(identify(connection))
        inbox.adopt(account)
        if not bounds.joins:
            _check_account(inbox, account)
        engine(paths.warehouse).add_account_columns(account, utc_now())
        warehouse = engine(paths.warehouse).place
        if not exists(paths.warehouse):
            inbox.forget_completeness()
        elif not inbox.belongs_to(account, warehouse):
            inbox.forget_completeness(account)
        loader = Loader(inbox, account, everything=full)
        whole_load.enter_context(engine(paths.warehouse).whole_load(account, loader))
        intake = Intake(
            connection, account, paths, progress=progress or _silent, chunk=bounds.chunk
        )
        everything = _occasion(inbox, intake, asked=full, stripe_now=now.at)
        noted = {LIVEMODE: connection.mode, LANDED_IN: warehouse}
        inbox.settle(account, [], read_from=utc_now(), **noted)
        heard, asked = 0, None
        if everything:
            intake.landing.keep_open(whole_load)
            heard, asked = backfill.read_lists(
                inbox, intake, everything, now, overlap=bounds.overlap
            )
        cursor = int(inbox.position(account, CURSOR) or now.newest)
        new, polled = read_changes(
            inbox,
            intake,
            cursor=cursor,
            overlap=bounds.overlap,
            closes=not everything,
            opened=asked.opening if asked else None,
        )
        inbox.keep_quarantined(account, intake.landing.kept_out())
        if everything:
            backfill.mark_deleted(
                inbox, intake, asked, gone_limit_percent=bounds.gone_limit_percent
            )
            inbox.keep_quarantined(account, intake.landing.kept_out())
        why = everything.why if everything else None
        return LoadResult(
            bool(everything),
            account,
            heard + new,
            intake.objects,
            intake.rows,
            why,
            waited=intake.waited,
            polled=polled,
        )


def _occasion(
    inbox: Inbox, intake: Intake, *, asked: bool, stripe_now: datetime | None
) -> FullReadReason | None:
    account = intake.stripe_account_id

    def moment(name: str) -> datetime | None:
        noted = inbox.position(account, name)
        return datetime.fromisoformat(noted) if noted else None

    return full_read_reason(
        Known(
            moment(COMPLETE),
            moment(BEGAN),
            moment(POLLED),
            Form(inbox.position(account, PIN), inbox.position(account, LANDED_AS)),
        ),
        asked=asked,
        now=utc_now(),
        stripe_now=stripe_now,
        form=Form(intake.connection.api_version, FINGERPRINT),
    )


def _check_account(inbox: Inbox, account: str) -> None:
    """A full read with another account's key would find all that is here deleted."""
    known = inbox.accounts()
    if known and account not in known:
        raise StripeError(
            f"the key in STRIPE_API_KEY is of the Stripe account {account}, and DATA_DIR holds"
            f" {', '.join(known)}: set the key of that account, or another DATA_DIR; nothing was"
            " changed"
        )


def _silent(stream: str, objects: int) -> None:
    pass


async def identify(connection: Connection) -> tuple[str, Head]:
    """Whose the account is, and where its feed stands before anything is read."""
    async with Client(connection) as client:
        try:
            account, now = await asyncio.gather(account_id(client), head(client))
        except StripeError:
            await check_permissions(client)  # names all that is missing, if that is the cause
            raise
        return account, now
