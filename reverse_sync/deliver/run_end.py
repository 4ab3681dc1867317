"""How a run ends: its last state, and what became of its accounts.

Enters: a run whose answers are remembered, and why it stopped early if it did. Leaves: the run's
row closed, one frozen ending. Not here: single answers (remember.py).
"""

from dataclasses import dataclass
from datetime import datetime

from duckdb import DuckDBPyConnection

from reverse_sync.state.delivered import note_delivered
from reverse_sync.state.run import Run, count, transaction

REJECTIONS_SHOWN = 20

CLOSE = """
    update sync.sync_runs set
        error = $error,
        sent = sent - $deferred,
        pending = pending - $deferred,
        deferred = deferred + $deferred,
        status = case when $failed then 'failed' when pending > $deferred and not $waits
            then 'interrupted' else 'done' end
    where version = $version
"""


# The moment of an account that was not tried is the one that the store's limit has named.
UNTIL = """
    select min(coalesce(next_attempt_at, $again_at))
    from sync.outbox
    where version = $version and status = 'pending'
"""


@dataclass(frozen=True)
class Kept:
    """An account that was kept out or refused, and why."""

    account_id: str | None
    reason: str


@dataclass(frozen=True, kw_only=True)
class Ending:
    """What became of a run's accounts, and why it stopped early if it did.

    `deferred` were not tried for want of budget. `waits_until` (naive UTC): when the first account
    that the store did not take may be tried again; None: none waits for a moment.
    """

    acknowledged: int = 0
    rejected: int = 0
    deferred: int = 0
    waits_until: datetime | None = None
    rejections: tuple[Kept, ...] = ()
    error: str | None = None
    waiting: str | None = None


def close_run(  # noqa: PLR0913  (all by keyword)
    connection: DuckDBPyConnection,
    run: Run,
    *,
    build: str | None,
    error: str | None,
    waiting: str | None,
    again_at: datetime | None = None,
) -> Ending:
    """Ends the run: done, and with it the delivery of `build`; or failed, with what is still
    pending left to the next one.

    `waiting`: the target's budget is spent, until `again_at` (naive UTC); what was not tried counts
    as deferred.
    """
    untried = _untried(connection, run) if waiting else 0
    closed = {
        "error": error or waiting,
        "failed": error is not None,
        "waits": _failed(connection, run) > 0,
        "deferred": untried,
        "version": run.version,
    }
    with transaction(connection):
        connection.execute(CLOSE, closed)
        if error is None:
            note_delivered(connection, run, build)
    counts = connection.execute(
        "select acknowledged, rejected from sync.sync_runs where version = ?", [run.version]
    ).fetchone()
    acknowledged, rejected = counts or (0, 0)
    return Ending(
        acknowledged=acknowledged,
        rejected=rejected,
        waits_until=_until(connection, run, again_at),
        deferred=untried,
        rejections=_rejections(connection, run),
        error=error,
        waiting=waiting,
    )


def _until(connection: DuckDBPyConnection, run: Run, again_at: datetime | None) -> datetime | None:
    found = connection.execute(UNTIL, {"version": run.version, "again_at": again_at}).fetchone()
    return found[0] if found else None


def _untried(connection: DuckDBPyConnection, run: Run) -> int:
    return _pending(connection, run, "next_attempt_at is null")


def _failed(connection: DuckDBPyConnection, run: Run) -> int:
    return _pending(connection, run, "next_attempt_at is not null")


def _pending(connection: DuckDBPyConnection, run: Run, which: str) -> int:
    pending = "select count(*) from sync.outbox where version = ? and status = 'pending'"
    return count(connection, f"{pending} and {which}", run.version)


def _rejections(connection: DuckDBPyConnection, run: Run) -> tuple[Kept, ...]:
    rows = connection.execute(
        "select account_id, error from sync.outbox where version = ?"
        " and status in ('rejected', 'parked') order by account_id limit ?",
        [run.version, REJECTIONS_SHOWN],
    ).fetchall()
    return tuple(Kept(account_id, reason) for account_id, reason in rows)
