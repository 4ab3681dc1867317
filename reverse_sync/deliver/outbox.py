"""The outbox as the sender reads it: the next rows of a run, in the order in which they go.

Enters: the warehouse connection, a run. Leaves: pending rows, as many as are asked for and fit into
ROOM. Not here: how they came there (plan/outbox_rows.py) and what becomes of them (remember.py).
"""

from dataclasses import dataclass

from duckdb import DuckDBPyConnection

from reverse_sync.deliver.outgoing import Outgoing
from reverse_sync.state.run import Run

ROOM = 32 << 20  # characters of one take: while it is on its way the next one is here, too

# First which rows, by short columns alone: sorted with their texts they would all be in memory.
NEXT = """
    with due as (
        select version, account_id, priority, length
        from sync.outbox
        where version = $version and status = 'pending' and next_attempt_at is null
            and ($priority is null or (priority, account_id) > ($priority, $account_id))
        order by priority, account_id
        limit $limit
    ),

    counted as (
        select
            version,
            account_id,
            sum(length) over (order by priority, account_id) as until,
            row_number() over (order by priority, account_id) as place,
            count(*) over () as of_all
        from due
    )

    select
        account_id, op, name, traits, changes, attempts, lifecycle, facts,
        priority, traits_set, traits_cleared, of_all
    from sync.outbox
    inner join counted using (version, account_id)
    where outbox.status = 'pending' and (until <= $room or place = 1)
    order by priority, account_id
"""


@dataclass(frozen=True)
class Chunk:
    """What goes together; `is_last`: nothing comes after it."""

    accounts: list[Outgoing]
    is_last: bool


def take(
    connection: DuckDBPyConnection, run: Run, *, limit: int, after: Outgoing | None = None
) -> Chunk:
    """The next accounts of the run that were not tried yet, what matters most first; those up to
    `after` are on their way."""
    asked = {"version": run.version, "limit": limit, "room": ROOM, **_place(after)}
    rows = connection.execute(NEXT, asked).fetchall()
    found = rows[-1][-1] if rows else 0
    return Chunk([Outgoing._make(row[:-1]) for row in rows], len(rows) == found < limit)


def _place(after: Outgoing | None) -> dict[str, str | int | None]:
    if after is None:
        return {"priority": None, "account_id": None}
    return {"priority": after.priority, "account_id": after.account_id}
