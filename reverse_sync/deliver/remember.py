"""remember: what the store has answered.

Enters: outcomes of a push. Leaves: outbox rows resolved or put off, the snapshot of acknowledged
traits, the changelog, the dead letters, the run's counts. Each call is one transaction. Not here:
how a run ends (run_end.py).
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import pyarrow as pa
from duckdb import DuckDBPyConnection

from reverse_sync.deliver.outcome import Outcome
from reverse_sync.state.changelog import log_lifecycles, log_outcomes
from reverse_sync.state.run import Run, naive, rows_as_table, transaction
from reverse_sync.state.waits import wait_after

MAX_ATTEMPTS = 12  # with these waits: about two days

_TEXT = pa.string()
_OUTCOMES = pa.schema(
    [
        (name, _TEXT)
        for name in (
            "account_id",
            "status",
            "held",
            "error",
            "code",
            "body",
            "reply",
            "status_before",
            "status_after",
            "mrr",
            "lifecycle_before",
        )
    ]
    + [
        ("attempts", pa.int64()),
        ("next_attempt_at", pa.timestamp("us")),
        ("review_at", pa.timestamp("us")),
    ]
)


class _Answered(NamedTuple):
    """A row of _OUTCOMES: what the store said, and what the outbox makes of it (`held`)."""

    account_id: str
    status: str
    held: str
    error: str | None
    code: str | None
    body: str | None
    reply: str | None
    status_before: str | None
    status_after: str | None
    mrr: str | None
    lifecycle_before: str | None
    attempts: int
    next_attempt_at: datetime | None
    review_at: datetime | None


RESOLVE = """
    update sync.outbox set
        status = outcomes.held,
        error = outcomes.error,
        attempts = outcomes.attempts,
        next_attempt_at = outcomes.next_attempt_at,
        resolved_at = case when outcomes.held <> 'pending' then $at end
    from outcomes
    where outbox.version = $version and outbox.account_id = outcomes.account_id
        and (outbox.status = 'pending'
            or (outbox.status = 'superseded' and outcomes.status = 'acknowledged'))
"""

_ACKNOWLEDGED = """
    insert into sync.sync_snapshot by name
    select
        outbox.account_id,
        outbox.name,
        outbox.traits,
        outbox.source_md5,
        outbox.tracking,
        outcomes.review_at,
        outbox.version,
        $at as acknowledged_at,
        outcomes.status_after as lifecycle_status,
        outcomes.mrr,
        outbox.currency,
        outbox.traits_held,
        outbox.facts
    from sync.outbox
    inner join outcomes on outbox.account_id = outcomes.account_id
    where outbox.version = $version and outbox.status = 'acknowledged'
        and outbox.account_id {known} (select account_id from sync.sync_snapshot)
"""

# The version guard: what an older run hears back late never hides what a newer one was told.
AGAIN = f"""
    {_ACKNOWLEDGED.format(known="in")}
    on conflict (account_id) do update set
        name = excluded.name,
        traits = excluded.traits,
        source_md5 = excluded.source_md5,
        tracking = excluded.tracking,
        review_at = excluded.review_at,
        version = excluded.version,
        acknowledged_at = excluded.acknowledged_at,
        lifecycle_status = excluded.lifecycle_status,
        mrr = excluded.mrr,
        currency = excluded.currency,
        traits_held = excluded.traits_held,
        facts = excluded.facts,
        lifecycle = null
    where excluded.version > sync_snapshot.version
"""

# After those: most of a first delivery, and in half the time, since no row is there to be met.
FOR_THE_FIRST_TIME = _ACKNOWLEDGED.format(known="not in")

KNOWN = """
    select count(snapshot.account_id), count(*)
    from outcomes
    left join sync.sync_snapshot as snapshot on outcomes.account_id = snapshot.account_id
    where outcomes.status = 'acknowledged'
"""

PARK = """
    insert into sync.dead_letters by name
    select
        outbox.version,
        outbox.run_id,
        outbox.account_id,
        outbox.op,
        outbox.changes,
        outcomes.code,
        outcomes.error,
        outcomes.body,
        outcomes.attempts,
        $now as parked_at
    from sync.outbox
    inner join outcomes on outbox.account_id = outcomes.account_id
    where outbox.version = $version and outbox.status = 'parked'
"""

KEEP_LIFECYCLES = """
    insert into sync.lifecycles_before by name
    select outbox.version, outbox.account_id, outcomes.lifecycle_before as lifecycle
    from sync.outbox
    inner join outcomes on outbox.account_id = outcomes.account_id
    where outbox.version = $version and outbox.status = 'acknowledged'
        and outcomes.lifecycle_before is not null
"""

COUNT = """
    update sync.sync_runs set
        acknowledged = acknowledged + $acknowledged,
        rejected = rejected + $rejected,
        pending = pending - $acknowledged - $rejected
    where version = $version
"""


def remember(connection: DuckDBPyConnection, run: Run, outcomes: Sequence[Outcome]) -> None:
    """Resolves the outbox rows that the store has answered."""
    rows = [_answered(outcome, run.now) for outcome in outcomes]
    with rows_as_table(connection, "outcomes", rows, _OUTCOMES), transaction(connection):
        connection.execute(RESOLVE, {"at": run.at, "version": run.version})
        for statement in _into_snapshot(connection):
            connection.execute(statement, {"at": run.at, "version": run.version})
        log_outcomes(connection, version=run.version, at=run.at)
        if any(row.status_before != row.status_after for row in rows):
            log_lifecycles(connection, version=run.version, at=run.at)
        if any(row.lifecycle_before for row in rows):
            connection.execute(KEEP_LIFECYCLES, {"version": run.version})
        if any(row.held == "parked" for row in rows):
            connection.execute(PARK, {"now": naive(run.now), "version": run.version})
        counts = Counter(row.status for row in rows)
        connection.execute(
            COUNT,
            {
                "acknowledged": counts["acknowledged"],
                "rejected": counts["rejected"],
                "version": run.version,
            },
        )


def _into_snapshot(connection: DuckDBPyConnection) -> list[str]:
    """What brings these outcomes there: a statement costs as much where it finds none."""
    [(known, of_all)] = connection.execute(KNOWN).fetchall()
    return [AGAIN] * bool(known) + [FOR_THE_FIRST_TIME] * bool(known < of_all)


def _answered(outcome: Outcome, now: datetime) -> _Answered:
    """The outcome, and what the outbox makes of it."""
    status, held = str(outcome.status), str(outcome.status)
    again: datetime | None = None
    if status == "failed" and outcome.attempts >= MAX_ATTEMPTS:
        status, held = "rejected", "parked"
    elif status == "failed":
        held, again = "pending", naive(now + wait_after(outcome.attempts))
    elif status == "rejected" and outcome.permanent:
        held = "parked"
    return _Answered(
        outcome.account_id,
        status,
        held,
        outcome.error,
        outcome.code,
        outcome.body,
        outcome.reply,
        outcome.status_before,
        outcome.status_after,
        outcome.mrr,
        outcome.lifecycle_before,
        outcome.attempts,
        again,
        outcome.review_at,
    )
