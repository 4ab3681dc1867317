"""The plan's rows beside the outbox: the run, the accounts kept out, texts that are known now.

Enters: a plan, inside its transaction. Leaves: rows of sync_runs, sync_invalid, sync_snapshot.
"""

from collections import Counter
from collections.abc import Sequence

import pyarrow as pa
from duckdb import DuckDBPyConnection

from reverse_sync.diff.decision import Unchanged
from reverse_sync.plan.counts import Plan
from reverse_sync.state.run import Run, rows_as_table

_TEXT = pa.string()
_MD5 = pa.schema([(name, _TEXT) for name in ("account_id", "source_md5", "facts")])
_INVALID = pa.schema([("account_id", _TEXT), ("reason", _TEXT)])


def refresh_md5(connection: DuckDBPyConnection, unchanged: Sequence[Unchanged]) -> None:
    """The same values in another text: remembered, so that they are not read again each time."""
    if unchanged:
        with rows_as_table(connection, "unchanged", unchanged, _MD5):
            connection.execute(
                "update sync.sync_snapshot set source_md5 = unchanged.source_md5,"
                " facts = unchanged.facts, lifecycle = null from unchanged"
                " where sync_snapshot.account_id = unchanged.account_id"
            )


def replace_invalid(connection: DuckDBPyConnection, plan: Plan) -> bool:
    """Keeps the list of accounts kept out; true where it is another than before."""
    known = connection.execute("select account_id, reason from sync.sync_invalid").fetchall()
    now = [(row.account_id, row.reason) for row in plan.invalid]
    if Counter(known) == Counter(now):
        return False
    connection.execute("delete from sync.sync_invalid")
    if not now:
        return True
    with rows_as_table(connection, "kept_out", plan.invalid, _INVALID):
        connection.execute(
            "insert into sync.sync_invalid by name select *, ? as run_id from kept_out",
            [plan.run.run_id],
        )
    return True


GONE = """
    update sync.sync_snapshot set gone_at = $at
    where gone_at is null and account_id not in (
        select account_id from published.main.account_traits where account_id is not null
    )
"""

BACK = """
    update sync.sync_snapshot set gone_at = null
    where gone_at is not null and account_id in (
        select account_id from published.main.account_traits
    )
"""


def mark_gone(connection: DuckDBPyConnection, run: Run) -> None:
    """Accounts that left account_traits are missed once, and counted by no later guard."""
    if run.scope.accounts is None:
        connection.execute(GONE, {"at": run.at})
    if run.scope.accounts is None or run.scope.follows:
        connection.execute(BACK)


def insert_run(  # noqa: PLR0913  (all by keyword)
    connection: DuckDBPyConnection,
    plan: Plan,
    *,
    status: str,
    overridden: frozenset[str] = frozenset(),
    approved_by: str | None = None,
    error: str | None = None,
) -> None:
    """The run's row. Where it is blocked, what it would have sent counts as blocked."""
    run, stopped = plan.run, status == "blocked"
    sent = 0 if stopped else plan.sent
    row = {
        "version": run.version,
        "run_id": run.run_id,
        "mode": run.mode,
        "as_of": run.at,
        "status": status,
        "selected": plan.selected,
        "unchanged": plan.unchanged,
        "invalid": len(plan.invalid),
        "sent": sent,
        "acknowledged": 0,
        "rejected": 0,
        "pending": sent,
        "creates": plan.creates,
        "updates": plan.updates,
        "traits_set": plan.traits_set,
        "traits_cleared": plan.traits_cleared,
        "error": error,
        "kind": run.kind,
        "blocked": plan.blocked + (plan.sent if stopped else 0),
        "deferred": plan.deferred,
        "churns": plan.churns,
        "overridden": ", ".join(sorted(overridden)) or None,
        "planned": plan.digest or None,
        "approved_by": approved_by,
    }
    values = ", ".join(f"${name} as {name}" for name in row)
    connection.execute(f"insert into sync.sync_runs by name select {values}", row)
