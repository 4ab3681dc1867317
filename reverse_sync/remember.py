"""remember: what the store has answered, and what is left to send.

In: outcomes of a push. Out: outbox rows resolved, the snapshot of acknowledged traits, the
changelog, the run's counts; and the next chunk of the outbox. Each call is one transaction.
"""

from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa
from duckdb import DuckDBPyConnection

from reverse_sync.push import Outcome, Outgoing
from reverse_sync.result import Kept
from reverse_sync.state import Run, rows_as_table, transaction

REJECTIONS_SHOWN = 20

_TEXT = pa.string()
_OUTCOMES = pa.schema(
    [(name, _TEXT) for name in ("account_id", "status", "error", "status_before", "status_after")]
    + [("review_at", pa.timestamp("us"))]
)


@dataclass(frozen=True)
class Ending:
    """What became of a run's accounts, and why it stopped early if it did."""

    acknowledged: int = 0
    rejected: int = 0
    rejections: tuple[Kept, ...] = ()
    error: str | None = None


def take(connection: DuckDBPyConnection, run: Run, *, limit: int) -> list[Outgoing]:
    """The next pending accounts of the run, in the order of their ids."""
    rows = connection.execute(
        "select account_id, op, name, traits, changes from sync.outbox"
        " where version = ? and status = 'pending' order by account_id limit ?",
        [run.version, limit],
    ).fetchall()
    return [Outgoing(*row) for row in rows]


def remember(connection: DuckDBPyConnection, run: Run, outcomes: list[Outcome]) -> None:
    """Resolves the outbox rows that the store has answered."""
    rows = [vars(outcome) for outcome in outcomes]
    with rows_as_table(connection, "outcomes", rows, _OUTCOMES), transaction(connection):
        connection.execute(
            "update sync.outbox set status = outcomes.status, error = outcomes.error,"
            " resolved_at = $at from outcomes where outbox.version = $version"
            " and outbox.account_id = outcomes.account_id and (outbox.status = 'pending'"
            " or (outbox.status = 'superseded' and outcomes.status = 'acknowledged'))",
            {"at": run.at, "version": run.version},
        )
        connection.execute(ACKNOWLEDGE, {"at": run.at, "version": run.version})
        for status in ("acknowledged", "rejected"):
            log(connection, at=run.at, status=status, among="outcomes", version=run.version)
        connection.execute(LOG_LIFECYCLE, {"at": run.at, "version": run.version})
        _count(connection, run, outcomes)


def close_run(connection: DuckDBPyConnection, run: Run, *, error: str | None) -> Ending:
    """Ends the run: done, or failed with what is still pending left to the next one."""
    connection.execute(
        "update sync.sync_runs set error = $error, status = case"
        " when $error is not null then 'failed' when pending > 0 then 'interrupted'"
        " else 'done' end where version = $version",
        {"error": error, "version": run.version},
    )
    counts = connection.execute(
        "select acknowledged, rejected from sync.sync_runs where version = ?", [run.version]
    ).fetchone()
    acknowledged, rejected = counts or (0, 0)
    return Ending(acknowledged, rejected, _rejections(connection, run), error)


def _rejections(connection: DuckDBPyConnection, run: Run) -> tuple[Kept, ...]:
    rows = connection.execute(
        "select account_id, error from sync.outbox where version = ? and status = 'rejected'"
        " order by account_id limit ?",
        [run.version, REJECTIONS_SHOWN],
    ).fetchall()
    return tuple(Kept(account_id, reason) for account_id, reason in rows)


def log(
    connection: DuckDBPyConnection,
    *,
    at: datetime,
    status: str,
    among: str,
    version: int | None = None,
) -> None:
    """Changelog rows of the outbox rows of these accounts; superseded ones are still pending."""
    parameters = {
        "at": at,
        "status": status,
        "held": "pending" if status == "superseded" else status,
        "version": version,
    }
    connection.execute(LOG.format(among=among), parameters)


# A first write logs one row with all its traits; a write without a trait logs one bare row.
LOG = """
    insert into sync.sync_changelog
    select
        outbox.version,
        outbox.run_id,
        outbox.account_id,
        change.trait,
        change.old,
        case when outbox.op = 'create' and change.trait is null then outbox.traits
            else change.new end,
        case
            when change.trait is null then outbox.op
            when change.new is null then 'unset'
            else 'set'
        end,
        $status,
        outbox.error,
        $at
    from (
        select
            *,
            unnest(
                case when op = 'create' or len(changes) = 0
                    then list_prepend(null, changes) else changes end
            ) as change
        from sync.outbox
        where status = $held and ($version is null or version = $version)
            and account_id in (select account_id from {among})
    ) as outbox
"""

LOG_LIFECYCLE = """
    insert into sync.sync_changelog
    select
        outbox.version,
        outbox.run_id,
        outbox.account_id,
        'lifecycle_status',
        to_json(outcomes.status_before),
        to_json(outcomes.status_after),
        case when outcomes.status_after is null then 'unset' else 'set' end,
        'acknowledged',
        null,
        $at
    from sync.outbox
    inner join outcomes on outbox.account_id = outcomes.account_id
    where outbox.version = $version
        and outbox.status = 'acknowledged'
        and outcomes.status_before is distinct from outcomes.status_after
"""

# The version guard: what an older run hears back late never hides what a newer one was told.
ACKNOWLEDGE = """
    insert into sync.sync_snapshot by name
    select
        outbox.account_id,
        outbox.name,
        outbox.traits,
        outbox.source_md5,
        outbox.tracking,
        outcomes.review_at,
        outbox.version,
        $at as acknowledged_at
    from sync.outbox
    inner join outcomes on outbox.account_id = outcomes.account_id
    where outbox.version = $version and outbox.status = 'acknowledged'
    on conflict (account_id) do update set
        name = excluded.name,
        traits = excluded.traits,
        source_md5 = excluded.source_md5,
        tracking = excluded.tracking,
        review_at = excluded.review_at,
        version = excluded.version,
        acknowledged_at = excluded.acknowledged_at
    where excluded.version > sync_snapshot.version
"""


def _count(connection: DuckDBPyConnection, run: Run, outcomes: list[Outcome]) -> None:
    acknowledged = sum(outcome.status == "acknowledged" for outcome in outcomes)
    rejected = len(outcomes) - acknowledged
    connection.execute(
        "update sync.sync_runs set acknowledged = acknowledged + $acknowledged,"
        " rejected = rejected + $rejected, pending = pending - $acknowledged - $rejected"
        " where version = $version",
        {"acknowledged": acknowledged, "rejected": rejected, "version": run.version},
    )
