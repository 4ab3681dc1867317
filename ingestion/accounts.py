"""One load of several Stripe accounts into one warehouse: who may be in it, each one's own load.

Enters: how each account is reached, the first one with the first key. Leaves: what each load did,
and in the inbox which accounts are read no more. An account that fails costs the others nothing.
The caller holds the warehouse's lock.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import reduce
from typing import TYPE_CHECKING

from ingestion.deletion_limit import DeletionLimitReached
from ingestion.engines.unreachable import AccountTaken
from ingestion.inbox.cursors import LIVEMODE, RETIRED
from ingestion.inbox.events_db import Inbox
from ingestion.intake import Progress
from ingestion.load import DEFAULT, Bounds, LoadResult, Paths, load
from ingestion.merge.load_failed import LoadFailed
from ingestion.reconcile.slices import Share
from ingestion.stripe_api.account_id import account_id
from ingestion.stripe_api.client import Client
from ingestion.stripe_api.connection import Connection
from ingestion.stripe_api.reader import utc_now
from ingestion.stripe_api.refusals import StripeError

if TYPE_CHECKING:
    from ingestion.reconcile.repair import Compared

OF_ONE_ACCOUNT = (StripeError, DeletionLimitReached, LoadFailed, AccountTaken)


@dataclass(frozen=True)
class Asked:
    """The accounts that were named by Stripe, and the connections that it refused, by label."""

    accounts: dict[str, Connection] = field(default_factory=dict)
    refused: dict[str, StripeError] = field(default_factory=dict)


def load_all(
    connections: Sequence[Connection],
    paths: Paths,
    *,
    full: bool = False,
    progress: Progress | None = None,
    bounds: Bounds = DEFAULT,
) -> LoadResult:
    """Load every account; the sum of what was done.

    Raises StripeError, DeletionLimitReached, LoadFailed, AccountTaken: before anything is read
    where accounts, keys and warehouse do not agree, else after all accounts had their turn.
    """
    asked = asyncio.run(ask(connections))
    with Inbox.open(paths.inbox) as inbox:
        _check(inbox, connections, asked)
        _note_who_is_read(inbox, asked)
    failures: dict[str, Exception] = dict(asked.refused)
    results, joining = [], replace(bounds, joins=True)
    for account, connection in asked.accounts.items():
        try:
            results.append(load(connection, paths, full=full, progress=progress, bounds=joining))
        except OF_ONE_ACCOUNT as failure:
            failures[account] = failure
    _raise(failures, several=len(connections) > 1)
    return reduce(sum_of, results)


def reconcile_all(
    connections: Sequence[Connection],
    paths: Paths,
    share: Share,
    *,
    progress: Progress,
    bounds: Bounds = DEFAULT,
) -> dict[str, "Compared"]:
    """Compare a share of every account with Stripe and repair it; counts by stream, in sum.

    Raises StripeError, DeletionLimitReached, after all accounts had their turn.
    """
    from ingestion.reconcile.repair import Compared, reconcile

    counts: dict[str, Counter[str]] = defaultdict(Counter)
    failures: dict[str, Exception] = {}
    for number, connection in enumerate(connections, start=1):
        try:
            found = reconcile(connection, paths, share, progress=progress, bounds=bounds)
        except OF_ONE_ACCOUNT as failure:
            failures[_label(connection, number)] = failure
            continue
        for stream, compared in found.items():
            counts[stream].update(asdict(compared))
    _raise(failures, several=len(connections) > 1)
    return {stream: Compared(**found) for stream, found in counts.items()}


async def ask(connections: Sequence[Connection]) -> Asked:
    """Which account each connection opens. Raises StripeError where two open the same."""
    asked = Asked()
    for number, connection in enumerate(connections, start=1):
        try:
            async with Client(connection) as client:
                account = await account_id(client)
        except StripeError as refused:
            asked.refused[_label(connection, number)] = refused
            continue
        if account in asked.accounts:
            raise StripeError(
                f"STRIPE_API_KEY and STRIPE_CONNECTED_ACCOUNTS name the Stripe account {account}"
                " twice: leave one of them out; nothing was changed"
            )
        asked.accounts[account] = connection
    return asked


def _check(inbox: Inbox, connections: Sequence[Connection], asked: Asked) -> None:
    """Nothing is read while keys and warehouse disagree: rows of another account or of test mode
    among living ones cannot be told apart by who reads the marts."""
    known = inbox.accounts()
    if not known and connections[0] not in asked.accounts.values():
        _raise(dict(asked.refused), several=len(connections) > 1)
    for account in known:
        check_mode(inbox, account, connections[0])
    new = [account for account in asked.accounts if account not in known]
    gone = [a for a in known if a not in asked.accounts and not inbox.position(a, RETIRED)]
    if known and new and gone and not asked.refused:
        raise StripeError(
            f"the key in STRIPE_API_KEY is of the Stripe account {', '.join(new)}, and DATA_DIR"
            f" holds {', '.join(gone)}: set the key of that account (beside this one, to have"
            " both), or another DATA_DIR; nothing was changed"
        )


def check_mode(inbox: Inbox, account: str, connection: Connection) -> None:
    """Live and test mode have the same accounts and other objects: one warehouse holds one mode."""
    held = inbox.position(account, LIVEMODE)
    if held and held != connection.mode:
        raise StripeError(
            f"the key in STRIPE_API_KEY is a {connection.mode} key, and DATA_DIR holds {held} data"
            f" of {account}: set a {held} key, or another DATA_DIR; nothing was changed"
        )


def _note_who_is_read(inbox: Inbox, asked: Asked) -> None:
    """What is no longer in the settings keeps its rows, and says since when it is not read."""
    now = utc_now()
    if asked.refused:
        return
    for account in inbox.accounts():
        since = inbox.position(account, RETIRED)
        if account in asked.accounts and since:
            inbox.settle(account, [], read_from=now, **{RETIRED: ""})
        elif account not in asked.accounts and not since:
            inbox.settle(account, [], read_from=now, **{RETIRED: now.isoformat()})


def _raise(failures: Mapping[str, Exception], *, several: bool) -> None:
    """One failure as it is; several as one line each, with the account that it is of."""
    if not failures:
        return
    if not several:
        raise next(iter(failures.values()))
    lines = [f"{account}: {line}" for account, e in failures.items() for line in str(e).split("\n")]
    kinds = {type(failure) for failure in failures.values()}
    raise (kinds.pop() if len(kinds) == 1 else StripeError)("\n".join(lines))


def _label(connection: Connection, number: int) -> str:
    return connection.stripe_account_id or f"key {number}"


def sum_of(one: LoadResult, other: LoadResult) -> LoadResult:
    """What two loads did."""
    return LoadResult(
        full=one.full or other.full,
        stripe_account_id=f"{one.stripe_account_id}, {other.stripe_account_id}",
        events=one.events + other.events,
        objects=Counter(one.objects) + Counter(other.objects),
        rows=Counter(one.rows) + Counter(other.rows),
        why=one.why or other.why,
        waited=one.waited + other.waited,
        polled=one.polled + other.polled,
    )
