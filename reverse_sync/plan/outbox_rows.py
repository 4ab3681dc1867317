"""Planned changes as rows of the outbox.

Enters: planned changes of a run, inside its transaction. Leaves: a pending row for each, in the
place of the account's unanswered older one.
"""

from collections.abc import Sequence

import pyarrow as pa
from duckdb import DuckDBPyConnection

from reverse_sync.diff.decision import Planned
from reverse_sync.state.changelog import log_superseded
from reverse_sync.state.run import Run, rows_as_table

_TEXT = pa.string()
_CHANGE = pa.struct([("trait", _TEXT), ("old", _TEXT), ("new", _TEXT)])
_PLANNED = pa.schema(
    [
        ("account_id", _TEXT),
        ("op", _TEXT),
        ("name", _TEXT),
        ("traits", _TEXT),
        ("changes", pa.list_(_CHANGE)),
        ("source_md5", _TEXT),
        ("traits_set", pa.int64()),
        ("traits_cleared", pa.int64()),
        ("attempts", pa.int64()),
        ("currency", _TEXT),
        ("traits_held", pa.int64()),
        ("priority", pa.int32()),
        ("status_before", _TEXT),
        ("status_after", _TEXT),
        ("mrr_before", _TEXT),
        ("mrr_after", _TEXT),
        ("lifecycle", _TEXT),
        ("facts", _TEXT),
    ]
)
if tuple(_PLANNED.names) != Planned._fields:
    raise AssertionError(f"planned rows are {Planned._fields}, their table {_PLANNED.names}")

PLANNED_COLUMNS = tuple(_PLANNED.names)

# The rows that others may take the place of: none where a store was told nothing yet.
OLDER = """
    select exists (
        from sync.outbox where version < $version and status in ('pending', 'rejected', 'parked')
    )
"""

# The same change planned again takes the older row's place without a word; another one supersedes.
REPEATED = """
    delete from sync.outbox using planned
    where outbox.account_id = planned.account_id and outbox.status = 'pending'
        and outbox.source_md5 = planned.source_md5 and outbox.op = planned.op
"""

SUPERSEDE = """
    update sync.outbox set status = 'superseded', resolved_at = $at from planned
    where outbox.account_id = planned.account_id
        and outbox.status in ('pending', 'rejected', 'parked')
"""

RESOLVE_LETTERS = """
    update sync.dead_letters set resolution = 'superseded', resolved_at = $at from planned
    where dead_letters.account_id = planned.account_id and dead_letters.resolution is null
"""

INSERT = """
    insert into sync.outbox by name
    select
        $version as version,
        $run_id as run_id,
        planned.*,
        strlen(planned.traits) + coalesce(list_sum([
            coalesce(strlen(change.old), 0) + coalesce(strlen(change.new), 0)
            for change in planned.changes
        ]), 0) as length,
        $tracking as tracking,
        'pending' as status,
        $at as planned_at
    from planned
"""


def fill(connection: DuckDBPyConnection, run: Run, rows: Sequence[Planned]) -> None:
    """Pending rows of the run; each takes the place of the account's unanswered older one."""
    with rows_as_table(connection, "planned", rows, _PLANNED):
        if connection.execute(OLDER, {"version": run.version}).fetchone() == (True,):
            connection.execute(REPEATED)
            log_superseded(connection, at=run.at)
            connection.execute(SUPERSEDE, {"at": run.at})
        connection.execute(RESOLVE_LETTERS, {"at": run.at})
        connection.execute(
            INSERT,
            {
                "version": run.version,
                "run_id": run.run_id,
                "tracking": run.tracking,
                "at": run.at,
            },
        )
