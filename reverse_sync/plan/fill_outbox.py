"""diff: what this sync sends, written to the outbox in one transaction with the plan.

Enters: the warehouse connection with the published copy attached, and the run. Leaves: the counts
of the plan, and the outbox rows. A newer plan for an account supersedes its unanswered older one.
"""

from collections import Counter
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from duckdb import DuckDBPyConnection

from reverse_sync.diff.candidates import Candidate, Source
from reverse_sync.diff.decide import decide
from reverse_sync.diff.decision import Decision, Deferred, Invalid, Parked, Planned, Unchanged
from reverse_sync.plan.counts import Plan, counts_of, planned
from reverse_sync.plan.outbox_rows import fill
from reverse_sync.plan.records import (
    insert_run,
    mark_gone,
    refresh_md5,
    replace_invalid,
)
from reverse_sync.plan.shared_plans import adopt, keep, turns
from reverse_sync.state.delivered import note_delivered
from reverse_sync.state.run import Run, count
from reverse_sync.state.schema import prepare
from reverse_sync.values.tracking import Tracking


def begin(connection: DuckDBPyConnection, run: Run) -> Run:
    """The run with a version above its own (the store's) and above every earlier run's."""
    prepare(connection)
    runs = count(connection, "select max(version) from sync.sync_runs")
    snapshot = count(connection, "select max(version) from sync.sync_snapshot")
    return replace(run, version=1 + max(run.version, runs, snapshot))


def diff_into_outbox(
    connection: DuckDBPyConnection,
    run: Run,
    source: Source,
    tracking: Tracking,
    *,
    shared: Path | None = None,
) -> Plan:
    """Diffs what was read against what was acknowledged, within the caller's transaction; `shared`:
    beside others that do so."""
    counts: Counter[str] = Counter()
    invalid: list[Invalid] = []
    waits: list[datetime] = []
    for turn in turns(connection, run, shared, list(source.parts)):
        adopted = adopt(connection, run, source, turn)
        counts.update(adopted)
        if adopted["sent"] == source.parts[turn.part]:
            continue
        for chunk in source.chunks(turn.part):
            decisions = _record(connection, run, tracking, chunk, counts)
            invalid += [one for one in decisions if isinstance(one, Invalid)]
            waits += [one.until for one in decisions if isinstance(one, Deferred)]
        keep(connection, run, turn)
    counts["unchanged"] += source.untouched
    if invalid:  # which are listed by a run over all accounts
        run = replace(run, scope=replace(run.scope, follows=None))
    plan = planned(run, counts, selected=source.selected, invalid=invalid)
    return replace(plan, waits_until=min(waits, default=None))


def record(
    connection: DuckDBPyConnection,
    plan: Plan,
    *,
    overridden: frozenset[str],
    approved_by: str | None = None,
) -> Plan:
    """Writes the plan down beside its outbox rows, if there is anything to do. One that has nothing
    to send is delivered."""
    mark_gone(connection, plan.run)
    # Whoever holds the lease runs alone: what says so was killed, perhaps after its last reply.
    connection.execute("update sync.sync_runs set status = 'interrupted' where status = 'running'")
    if not plan.sent:
        note_delivered(connection, plan.run, plan.build)
    # A run of chosen accounts knows nothing of the others that are kept out.
    kept_out = plan.run.scope.accounts is None and replace_invalid(connection, plan)
    if not (kept_out or plan.sent):
        return plan
    connection.execute(
        "delete from sync.outbox where status in ('acknowledged', 'superseded') and version < ?",
        [plan.run.version],
    )
    status = "running" if plan.sent else "done"
    insert_run(connection, plan, status=status, overridden=overridden, approved_by=approved_by)
    return replace(plan, recorded=True)


def _record(
    connection: DuckDBPyConnection,
    run: Run,
    tracking: Tracking,
    chunk: list[Candidate],
    counts: Counter[str],
) -> list[Decision]:
    decisions = [decide(candidate, run, tracking) for candidate in chunk]
    to_send = [decision for decision in decisions if isinstance(decision, Planned)]
    if to_send:
        fill(connection, run, to_send)
        counts.update(counts_of(to_send))
    unchanged = [row for row in decisions if isinstance(row, Unchanged)]
    counts["unchanged"] += len(unchanged)
    counts["deferred"] += sum(isinstance(row, Deferred) for row in decisions)
    counts["blocked"] += sum(isinstance(row, Parked) for row in decisions)
    refresh_md5(connection, unchanged)
    return decisions
