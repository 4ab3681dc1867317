"""The changelog: a row for each trait that was sent, refused or superseded.

Enters: outbox rows, before or after a reply. Leaves: rows of sync_changelog. An account sent whole
logs one row with all its traits, a write without a trait one bare row.
"""

from datetime import datetime

from duckdb import DuckDBPyConnection

LOG = """
    insert into sync.sync_changelog by name
    select
        outbox.version,
        outbox.run_id,
        outbox.account_id,
        change.trait as trait,
        change.old as old,
        case when outbox.op in ('create', 'resync') and change.trait is null then outbox.traits
            else change.new end as new,
        case
            when change.trait is null then outbox.op
            when change.new is null then 'unset'
            else 'set'
        end as op,
        coalesce($status, outbox.answer) as status,
        outbox.error,
        $at as at,
        outbox.reply
    from (
        select
            outbox.* exclude (error),
            {answer} as answer,
            {error} as error,
            {reply} as reply,
            unnest(
                case when outbox.op in ('create', 'resync') or len(outbox.changes) = 0
                    then list_prepend(null, outbox.changes) else outbox.changes end
            ) as change
        from sync.outbox
        inner join {among} on outbox.account_id = {among}.account_id
        where {those}
    ) as outbox
"""

LOG_LIFECYCLE = """
    insert into sync.sync_changelog by name
    select
        outbox.version,
        outbox.run_id,
        outbox.account_id,
        'lifecycle_status' as trait,
        to_json(outcomes.status_before) as old,
        to_json(outcomes.status_after) as new,
        case when outcomes.status_after is null then 'unset' else 'set' end as op,
        'acknowledged' as status,
        $at as at,
        outcomes.reply
    from sync.outbox
    inner join outcomes on outbox.account_id = outcomes.account_id
    where outbox.version = $version
        and outbox.status = 'acknowledged'
        and outcomes.status_before is distinct from outcomes.status_after
"""


def log_superseded(connection: DuckDBPyConnection, *, at: datetime) -> None:
    """The rows without success whose account is among the table `planned`."""
    query = LOG.format(
        among="planned",
        answer="outbox.status",
        error="outbox.error",
        reply="null",
        those="outbox.status in ('pending', 'rejected', 'parked')",
    )
    connection.execute(query, {"status": "superseded", "at": at})


def log_outcomes(connection: DuckDBPyConnection, *, version: int, at: datetime) -> None:
    """What the store has answered, from the table `outcomes`."""
    query = LOG.format(
        among="outcomes",
        answer="outcomes.status",
        error="outcomes.error",
        reply="outcomes.reply",
        those="outbox.version = $version and outbox.status <> 'superseded'",
    )
    connection.execute(query, {"status": None, "at": at, "version": version})


def log_lifecycles(connection: DuckDBPyConnection, *, version: int, at: datetime) -> None:
    """The statuses that writes have changed, from the table `outcomes`."""
    connection.execute(LOG_LIFECYCLE, {"at": at, "version": version})
