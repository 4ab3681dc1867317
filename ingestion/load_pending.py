"""What the inbox names, read again without a look at Stripe's feed: for who hears of events anyway.

Enters: the Stripe accounts by id, the files. Leaves: rows, and an inbox without what was read.
Whether an account may be read, and whether everything must be, is asked at each poll (`accounts`).
"""

import asyncio
from collections.abc import Mapping, Sequence
from functools import reduce

from ingestion.accounts import ask, sum_of
from ingestion.changes import drain
from ingestion.engines import engine
from ingestion.inbox.cursors import BEGAN, COMPLETE, LANDED_AS, PIN
from ingestion.inbox.events_db import Inbox
from ingestion.inbox.loader import Loader
from ingestion.intake import Intake, Paths, Progress
from ingestion.load import LoadResult
from ingestion.merge.landing_fingerprint import FINGERPRINT
from ingestion.merge.warehouse import opened_once
from ingestion.stripe_api.connection import Connection


def identified(connections: Sequence[Connection]) -> dict[str, Connection]:
    """The connections by Stripe account; those that Stripe refuses are left out."""
    return asyncio.run(ask(connections)).accounts


def waits(inbox: Inbox, accounts: Mapping[str, Connection]) -> bool:
    """Whether something of these accounts is to be read."""
    return not accounts.keys().isdisjoint(inbox.backlog())


def load_pending(
    accounts: Mapping[str, Connection], paths: Paths, *, progress: Progress
) -> LoadResult | None:
    """None where there is nothing to read, or a full read is due. Raises StripeError."""
    with Inbox.open(paths.inbox) as inbox:
        waiting = [account for account in inbox.backlog() if account in accounts]
        warehouse = engine(paths.warehouse).place
        if not waiting or not all(
            inbox.belongs_to(one, warehouse) and _is_complete(inbox, one, accounts[one])
            for one in waiting
        ):
            return None
        with opened_once(paths.warehouse):
            return reduce(
                sum_of, [_drained(inbox, one, accounts[one], paths, progress) for one in waiting]
            )


def _is_complete(inbox: Inbox, account: str, connection: Connection) -> bool:
    complete, began = inbox.position(account, COMPLETE), inbox.position(account, BEGAN)
    noted = (inbox.position(account, PIN), inbox.position(account, LANDED_AS))
    return bool(complete and not began) and noted == (connection.api_version, FINGERPRINT)


def _drained(
    inbox: Inbox, account: str, connection: Connection, paths: Paths, progress: Progress
) -> LoadResult:
    with engine(paths.warehouse).whole_load(account, Loader(inbox, account)):
        intake = Intake(connection, account, paths, progress=progress)
        drain(inbox, intake)
        inbox.keep_quarantined(account, intake.landing.kept_out())
    return LoadResult(False, account, 0, intake.objects, intake.rows, waited=intake.waited)
