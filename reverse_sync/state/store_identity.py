"""Which account store the sync's state tells of.

Enters: the warehouse connection, the target. Leaves: why the state does not fit the store, or None.
Under another address nothing of what was acknowledged is known to hold: a diff against it would
leave out what the store never got. Not here: what blocks (guards.py).
"""

import hashlib
from datetime import datetime

from duckdb import DuckDBPyConnection

from reverse_sync.state.run import transaction
from reverse_sync.stores.account_store import AccountStoreError
from reverse_sync.stores.target import Target
from reverse_sync.stores.url import Identity, identity

REMEDY = (
    "send it everything with 'stripe-traits resync --all', or take up what it holds with"
    " 'stripe-traits reconcile --store --repair', or go on with --override other_store where it is"
    " the same store under another address"
)

SUPERSEDE = """
    update sync.outbox set status = 'superseded', resolved_at = $at
    where status in ('pending', 'rejected', 'parked')
"""

RESOLVE_LETTERS = """
    update sync.dead_letters set resolution = 'superseded', resolved_at = $at
    where resolution is null
"""


class OtherStore(AccountStoreError):
    """What was asked for is about another store than the one that is set now."""


def other_store(connection: DuckDBPyConnection, target: Target) -> str | None:
    """Why the state is about another store; None: it is about this one, or about none yet."""
    known = connection.execute("select digest, label from sync.sync_target").fetchone()
    now = identity(target)
    if known is None or known[0] == _digest(now) or not _acknowledged(connection):
        return None
    return f"the account store is {now.label} now, what is known is of {known[1]}: {REMEDY}"


def settle(connection: DuckDBPyConnection, target: Target) -> None:
    """From now on the state is about this store; of another one no delivery is known."""
    now = identity(target)
    held = connection.execute("select digest, label from sync.sync_target").fetchall()
    if held != [(_digest(now), now.label)]:
        connection.execute(
            "insert or replace into sync.sync_target by name select 1 as one, ? as digest,"
            " ? as label, null as delivered_build, null as waits_until, null as waits_since",
            [_digest(now), now.label],
        )


def store_digest(target: Target) -> str:
    """What `sync_target` tells this store by."""
    return _digest(identity(target))


def forget_waiting(connection: DuckDBPyConnection, *, at: datetime) -> None:
    """What another store has not taken is nothing that this one waits for."""
    with transaction(connection):
        connection.execute(SUPERSEDE, {"at": at})
        connection.execute(RESOLVE_LETTERS, {"at": at})


def _acknowledged(connection: DuckDBPyConnection) -> bool:
    return connection.execute("select 1 from sync.sync_snapshot limit 1").fetchone() is not None


def _digest(known: Identity) -> str:
    return hashlib.sha256(known.name.encode()).hexdigest()[:16]
