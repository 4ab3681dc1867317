"""A plan for people and programs to read before it is sent.

Enters: the outbox rows of a plan inside its transaction. Leaves: one frozen preview.
"""

from dataclasses import dataclass
from typing import Any

from duckdb import DuckDBPyConnection

from reverse_sync.guards import Trip
from reverse_sync.plan.counts import Plan
from reverse_sync.state.run import naive

ROWS = """
    select
        account_id, op, name, traits_held, changes, status_before, status_after, mrr_before,
        mrr_after, facts ->> '$.unknown_amount'
    from sync.outbox
    where version = ?
    order by priority, account_id
"""

WAITING = """
    select
        account_id,
        case when status = 'parked' then 'in the dead letters: ' || error
            else 'waits until ' || strftime(next_attempt_at, '%Y-%m-%d %H:%M:%S') || ' UTC: '
                || error
        end
    from sync.outbox
    where version <> $version and (
        status = 'parked' or (status = 'pending' and next_attempt_at > $now)
    )
    order by account_id
"""

GONE = """
    select account_id, 'left account_traits: nothing is sent, and nothing is deleted'
    from sync.sync_snapshot
    where gone_at is null and account_id not in (
        select account_id from published.main.account_traits where account_id is not null
    )
    order by account_id
"""


@dataclass(frozen=True)
class TraitChange:
    """One trait: values as JSON text, None for none."""

    trait: str
    old: str | None
    new: str | None


@dataclass(frozen=True, kw_only=True)
class Row:
    """One account to be sent. `kind`: create, churn, update. `unknown_amount`: the object and field
    because of which its MRR is not known, so that the store keeps the one it has."""

    account_id: str
    kind: str
    name: str | None
    changes: tuple[TraitChange, ...]
    traits: int
    status_before: str | None
    status_after: str | None
    mrr_before: str | None
    mrr_after: str | None
    unknown_amount: str | None = None


@dataclass(frozen=True)
class Skip:
    """One account that is not sent, and why."""

    account_id: str | None
    reason: str


@dataclass(frozen=True, kw_only=True)
class Preview:
    """The whole plan. `deletes` is always 0: an account is churned, never deleted."""

    digest: str
    plan: Plan
    trips: tuple[Trip, ...]
    rows: tuple[Row, ...]
    skips: tuple[Skip, ...]
    deletes: int = 0


def previewed(connection: DuckDBPyConnection, plan: Plan, trips: tuple[Trip, ...]) -> Preview:
    """Reads the plan back from the outbox."""
    rows = connection.execute(ROWS, [plan.run.version]).fetchall()
    return Preview(
        digest=plan.digest,
        plan=plan,
        trips=trips,
        rows=tuple(_row(row) for row in rows),
        skips=(
            *(Skip(kept.account_id, kept.reason) for kept in plan.invalid),
            *_skips(connection, plan),
        ),
    )


def _skips(connection: DuckDBPyConnection, plan: Plan) -> tuple[Skip, ...]:
    run = plan.run
    if run.scope.accounts is not None:
        return ()
    moments = {"version": run.version, "now": naive(run.now)}
    waiting = connection.execute(WAITING, moments).fetchall()
    gone = connection.execute(GONE).fetchall()
    return tuple(Skip(*row) for row in (*waiting, *gone))


def _row(row: tuple[Any, ...]) -> Row:
    account_id, op, name, traits, changes, before, after, mrr_before, mrr_after, unknown = row
    churns = after == "churned" and before != "churned" and op != "create"
    return Row(
        account_id=account_id,
        kind="create" if op == "create" else "churn" if churns else "update",
        name=name,
        changes=tuple(TraitChange(**change) for change in changes),
        traits=traits,
        status_before=before,
        status_after=after,
        mrr_before=mrr_before,
        mrr_after=mrr_after,
        unknown_amount=unknown,
    )
