"""The outbox as the sender reads it: the next rows of a run, in the order in which they go.

Enters: the warehouse connection, a run. Leaves: pending rows. Not here: how they came there
(plan/outbox_rows.py) and what becomes of them (remember.py).
"""

from duckdb import DuckDBPyConnection

from reverse_sync.deliver.push import Outgoing
from reverse_sync.state.run import Run


def take(
    connection: DuckDBPyConnection, run: Run, *, limit: int, after: Outgoing | None = None
) -> list[Outgoing]:
    """The next accounts of the run that were not tried yet, what matters most first; those up to
    `after` are on their way."""
    rows = connection.execute(
        "select account_id, op, name, traits, changes, attempts, lifecycle, facts,"
        " priority, traits_set, traits_cleared from sync.outbox"
        " where version = ? and status = 'pending' and next_attempt_at is null"
        " and (? is null or (priority, account_id) > (?, ?))"
        " order by priority, account_id limit ?",
        [run.version, *_place(after), limit],
    ).fetchall()
    return [Outgoing(*row) for row in rows]


def _place(after: Outgoing | None) -> tuple[str | None, int | None, str | None]:
    if after is None:
        return None, None, None
    return after.account_id, after.priority, after.account_id
