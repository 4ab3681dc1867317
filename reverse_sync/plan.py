"""diff: what this sync sends, written to the outbox in one transaction with the plan.

In: the warehouse connection with the published copy attached, and the run. Out: the counts of the
plan, and the outbox rows. A newer plan for an account supersedes its unanswered older one.
"""

from collections import Counter
from dataclasses import dataclass, replace

import pyarrow as pa
from duckdb import DuckDBPyConnection

from reverse_sync.candidates import (
    Candidate,
    Invalid,
    Planned,
    Source,
    Unchanged,
    decide,
)
from reverse_sync.remember import log
from reverse_sync.state import SCHEMA, Run, count, rows_as_table, transaction

_TEXT = pa.string()
_CHANGE = pa.struct([("trait", _TEXT), ("old", _TEXT), ("new", _TEXT)])
_PLANNED = pa.schema(
    [(name, _TEXT) for name in ("account_id", "op", "name", "traits", "source_md5")]
    + [("changes", pa.list_(_CHANGE))]
)
_MD5 = pa.schema([("account_id", _TEXT), ("source_md5", _TEXT)])
_INVALID = pa.schema([("account_id", _TEXT), ("reason", _TEXT)])


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The counts of what a run is about to send. `recorded` is false where nothing is to do."""

    run: Run
    selected: int
    unchanged: int
    sent: int
    creates: int
    updates: int
    traits_set: int
    traits_cleared: int
    invalid: tuple[Invalid, ...]
    recorded: bool

    def __post_init__(self) -> None:
        if self.selected != self.unchanged + self.sent + len(self.invalid):
            raise AssertionError(f"run {self.run.run_id}: the plan loses accounts: {self}")


def begin(connection: DuckDBPyConnection, run: Run) -> Run:
    """The run with a version above its own (the store's) and above every earlier run's."""
    connection.execute(SCHEMA)
    runs = count(connection, "select max(version) from sync.sync_runs")
    snapshot = count(connection, "select max(version) from sync.sync_snapshot")
    return replace(run, version=1 + max(run.version, runs, snapshot))


def diff_into_outbox(connection: DuckDBPyConnection, run: Run, source: Source) -> Plan:
    """Diffs what was read against what was acknowledged; plan and outbox commit together."""
    counts: Counter[str] = Counter()
    invalid: list[Invalid] = []
    with transaction(connection):
        for chunk in source.chunks:
            invalid += _record(connection, run, chunk, counts)
        counts["unchanged"] += source.untouched
        return _finish(connection, run, source.selected, counts, tuple(invalid))


def _record(
    connection: DuckDBPyConnection, run: Run, chunk: list[Candidate], counts: Counter[str]
) -> list[Invalid]:
    decisions = [decide(candidate) for candidate in chunk]
    planned = [decision for decision in decisions if isinstance(decision, Planned)]
    if planned:
        _fill_outbox(connection, run, planned)
        for row in planned:
            counts.update(_counts(row))
    unchanged = [row for row in decisions if isinstance(row, Unchanged)]
    counts["unchanged"] += len(unchanged)
    _refresh_md5(connection, unchanged)
    return [decision for decision in decisions if isinstance(decision, Invalid)]


def _counts(row: Planned) -> dict[str, int]:
    set_, cleared = row.traits_set, row.traits_cleared
    return {"sent": 1, f"{row.op}s": 1, "traits_set": set_, "traits_cleared": cleared}


def _fill_outbox(connection: DuckDBPyConnection, run: Run, planned: list[Planned]) -> None:
    rows = [{**vars(row), "changes": list(row.changes)} for row in planned]
    with rows_as_table(connection, "planned", rows, _PLANNED):
        log(connection, at=run.at, status="superseded", among="planned")
        connection.execute(
            "update sync.outbox set status = 'superseded', resolved_at = $at from planned"
            " where outbox.account_id = planned.account_id"
            " and outbox.status in ('pending', 'rejected')",
            {"at": run.at},
        )
        connection.execute(
            "insert into sync.outbox by name select $version as version, $run_id as run_id,"
            " planned.*, $tracking as tracking, 'pending' as status, $at as planned_at"
            " from planned",
            {
                "version": run.version,
                "run_id": run.run_id,
                "tracking": run.tracking,
                "at": run.at,
            },
        )


def _refresh_md5(connection: DuckDBPyConnection, unchanged: list[Unchanged]) -> None:
    """The same values in another text: remembered, so that they are not read again each time."""
    if unchanged:
        with rows_as_table(connection, "unchanged", [vars(row) for row in unchanged], _MD5):
            connection.execute(
                "update sync.sync_snapshot set source_md5 = unchanged.source_md5 from unchanged"
                " where sync_snapshot.account_id = unchanged.account_id"
            )


def _finish(
    connection: DuckDBPyConnection,
    run: Run,
    selected: int,
    counts: Counter[str],
    invalid: tuple[Invalid, ...],
) -> Plan:
    plan = Plan(
        run=run,
        selected=selected,
        unchanged=counts["unchanged"],
        sent=counts["sent"],
        creates=counts["creates"],
        updates=counts["updates"],
        traits_set=counts["traits_set"],
        traits_cleared=counts["traits_cleared"],
        invalid=invalid,
        recorded=False,
    )
    if not (_replace_invalid(connection, run, invalid) or plan.sent):
        return plan
    connection.execute(
        "delete from sync.outbox where status in ('acknowledged', 'superseded') and version < ?",
        [run.version],
    )
    connection.execute("update sync.sync_runs set status = 'interrupted' where status = 'running'")
    _insert_run(connection, plan)
    return replace(plan, recorded=True)


def _replace_invalid(
    connection: DuckDBPyConnection, run: Run, invalid: tuple[Invalid, ...]
) -> bool:
    """Keeps the list of accounts kept out; true where it is another than before."""
    known = connection.execute("select account_id, reason from sync.sync_invalid").fetchall()
    now = [(row.account_id, row.reason) for row in invalid]
    if Counter(known) == Counter(now):
        return False
    connection.execute("delete from sync.sync_invalid")
    if not invalid:
        return True
    with rows_as_table(connection, "kept_out", [vars(row) for row in invalid], _INVALID):
        connection.execute(
            "insert into sync.sync_invalid by name select *, ? as run_id from kept_out",
            [run.run_id],
        )
    return True


def _insert_run(connection: DuckDBPyConnection, plan: Plan) -> None:
    run = plan.run
    row = {
        "version": run.version,
        "run_id": run.run_id,
        "mode": run.mode,
        "as_of": run.at,
        "status": "running" if plan.sent else "done",
        "selected": plan.selected,
        "unchanged": plan.unchanged,
        "invalid": len(plan.invalid),
        "sent": plan.sent,
        "acknowledged": 0,
        "rejected": 0,
        "pending": plan.sent,
        "creates": plan.creates,
        "updates": plan.updates,
        "traits_set": plan.traits_set,
        "traits_cleared": plan.traits_cleared,
    }
    values = ", ".join(f"${name} as {name}" for name in row)
    connection.execute(f"insert into sync.sync_runs by name select {values}", row)
