"""Which build the account store was brought to: the one home of "a delivery is due".

Enters: the warehouse connection, within the transaction in which a run ends. Leaves: the columns
`delivered_build`, `delivered_tracking`, `waits_until` and `waits_since` of `sync.sync_target`. Who
must know without opening the warehouse reads the same row in the published copy.
"""

from duckdb import DuckDBPyConnection

from reverse_sync.state.run import Run, naive
from reverse_sync.state.schema import prepare

# An older run's change whose time has come and that this run did not plan again is of an account
# that left account_traits or is kept out: it waits for the account, not for a moment.
DELIVERED = """
    update sync.sync_target set
        delivered_build = $build,
        delivered_tracking = $tracking,
        waits_since = $now,
        waits_until = (
            select min(coalesce(next_attempt_at, $now))
            from sync.outbox
            where (status = 'pending' and (not $everyone or version = $version
                    or next_attempt_at > $now))
                -- The store held a higher version: the next run comes after it, at once.
                or (status = 'rejected' and version = $version)
        )
    where $everyone or (delivered_build = $follows and delivered_tracking = $tracking)
"""


def note_delivered(connection: DuckDBPyConnection, run: Run, build: str | None) -> None:
    """The store holds `build`, or it is known of each account why it does not. A run of chosen
    accounts knows nothing of the others, but that they are as in the build that it follows: it
    counts where the store was brought to that one, by the same tracking."""
    everyone = run.scope.accounts is None
    if everyone or run.scope.follows:
        known = {
            "everyone": everyone,
            "follows": run.scope.follows,
            "build": build,
            "tracking": run.tracking,
            "now": naive(run.now),
            "version": run.version,
        }
        connection.execute(DELIVERED, known)


def owe_delivery(connection: DuckDBPyConnection) -> str | None:
    """From now on a delivery is due, whatever becomes of the repair that begins; the build that was
    delivered until now."""
    prepare(connection)
    row = connection.execute("select delivered_build from sync.sync_target").fetchone()
    connection.execute("update sync.sync_target set delivered_build = null")
    return row[0] if row else None


def settle_delivery(connection: DuckDBPyConnection, build: str | None) -> None:
    """A repair of chosen accounts has ended well: for the others it is as before it."""
    connection.execute(
        "update sync.sync_target set delivered_build = ? where delivered_build is null", [build]
    )
