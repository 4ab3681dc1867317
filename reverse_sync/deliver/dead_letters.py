"""The dead letters: changes that a store refused for good, and how they are tried again.

Enters: the warehouse connection, which letters are meant. Leaves: their outbox rows pending again,
so that the next run sends them. A change that differs from its dead letter supersedes it without
being asked.
"""

from dataclasses import dataclass
from datetime import datetime

from duckdb import DuckDBPyConnection

from reverse_sync.state.run import count, naive, transaction
from reverse_sync.state.schema import prepare

MEANT = """
    create or replace temp table meant as
    select account_id, version
    from sync.dead_letters
    where resolution is null
        and ($since is null or parked_at >= $since)
        and ($account is null or account_id = $account)
        and ($code is null or code = $code)
"""

RELEASE = """
    update sync.outbox set status = 'pending', attempts = 0, next_attempt_at = null
    from meant
    where outbox.account_id = meant.account_id and outbox.version = meant.version
        and outbox.status = 'parked'
"""

RESOLVE = """
    update sync.dead_letters set resolution = 'retried', resolved_at = $at
    from meant
    where dead_letters.account_id = meant.account_id and dead_letters.version = meant.version
        and resolution is null
"""


@dataclass(frozen=True, kw_only=True)
class Letters:
    """Which dead letters are meant; None: any."""

    since: datetime | None = None
    account: str | None = None
    code: str | None = None


def release(connection: DuckDBPyConnection, letters: Letters, *, at: datetime) -> int:
    """Lets the changes be tried again by the next run; how many they are."""
    prepare(connection)
    with transaction(connection):
        since = naive(letters.since) if letters.since else None
        meant = {"since": since, "account": letters.account, "code": letters.code}
        connection.execute(MEANT, meant)
        connection.execute(RELEASE)
        connection.execute(RESOLVE, {"at": naive(at)})
        return count(connection, "select count(*) from meant")
