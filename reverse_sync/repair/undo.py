"""undo: puts back what one run changed, where no later run has changed it again.

Enters: the changelog of the run, the snapshot. Leaves: outbox rows of a run of their own. A created
account is emptied, not deleted. What the model says is sent again by the next sync: mend the cause
before it.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from duckdb import DuckDBPyConnection

from reverse_sync.diff.decision import UNDONE, Planned
from reverse_sync.plan.counts import Plan, counts_of, planned
from reverse_sync.plan.outbox_rows import fill
from reverse_sync.state.portions import portions
from reverse_sync.state.run import Run, transaction
from reverse_sync.stores.account_store import AccountStoreError
from reverse_sync.values.lifecycle import Lifecycle
from reverse_sync.values.lifecycle_text import lifecycle_text
from reverse_sync.values.traits import Traits, canonical, canonical_value, parse_traits

# Accounts that are put back in one step, and the characters of what is known of them.
MOST, ROOM = 5_000, 16 << 20

OF_THE_RUN = """
    logged.version = $version and logged.status = 'acknowledged'
    and logged.trait is distinct from 'lifecycle_status'
"""

CHANGED = f"""
    select
        logged.account_id,
        sum(coalesce(strlen(logged.old), 0) + coalesce(strlen(logged.new), 0))
            + 3 * coalesce(max(strlen(snapshot.traits)), 0) as length
    from sync.sync_changelog as logged
    left join sync.sync_snapshot as snapshot on logged.account_id = snapshot.account_id
    where {OF_THE_RUN}
    group by logged.account_id
    order by logged.account_id
"""

LOGGED = f"""
    select logged.account_id, logged.trait, logged.old, logged.new, logged.op
    from sync.sync_changelog as logged
    where {OF_THE_RUN} and logged.account_id in (select unnest($accounts))
    order by all
"""

HELD = """
    select
        snapshot.account_id,
        snapshot.name,
        snapshot.traits,
        snapshot.version,
        snapshot.currency,
        before.lifecycle,
        waiting.traits as on_its_way
    from sync.sync_snapshot as snapshot
    left join sync.lifecycles_before as before
        on snapshot.account_id = before.account_id and before.version = $version
    left join sync.outbox as waiting
        on snapshot.account_id = waiting.account_id
        and waiting.status in ('pending', 'rejected', 'parked')
    where snapshot.account_id in (select unnest($accounts))
    -- A change that has no answer yet would be lost from sight; an undo that was cut short goes on.
    and (waiting.op is null or waiting.op = 'undo')
    order by 1
"""


class UnknownRun(AccountStoreError):
    """There is no such run, or nothing of it can be put back."""


@dataclass(frozen=True)
class _Logged:
    """One row of the changelog: values as JSON text."""

    trait: str | None
    old: str | None
    new: str | None
    op: str


@dataclass(frozen=True)
class _Held:
    """What the store holds of an account, the lifecycle that the run replaced, and the traits that
    an earlier undo is about to put back."""

    account_id: str
    name: str | None
    traits: str
    version: int
    currency: str | None
    lifecycle: str | None
    on_its_way: str | None


def version_of(connection: DuckDBPyConnection, asked: str) -> int:
    """The version of a run, asked for by its id or its version."""
    row = connection.execute(
        "select version from sync.sync_runs where acknowledged > 0"
        " and (run_id = $asked or version::varchar = $asked)",
        {"asked": asked},
    ).fetchone()
    if row is None:
        raise UnknownRun(
            f"there is no run '{asked}' that sent anything; the runs are in sync_runs, by run_id"
            " or version"
        )
    return int(row[0])


def undo_into_outbox(connection: DuckDBPyConnection, run: Run, version: int) -> Plan:
    """The plan that puts the run's changes back, its rows in the outbox."""
    changed = connection.execute(CHANGED, {"version": version}).fetchall()
    counts: Counter[str] = Counter(unchanged=len(changed))
    with transaction(connection):
        for portion in portions(changed, most=MOST, room=ROOM, length=itemgetter(1)):
            rows = _put_back(connection, version, [account_id for account_id, _ in portion])
            if rows:
                fill(connection, run, rows)
            counts.update(counts_of(rows))
            counts["unchanged"] -= len(rows)
        return planned(run, counts, selected=len(changed), invalid=())


def _put_back(connection: DuckDBPyConnection, version: int, accounts: list[str]) -> list[Planned]:
    asked = {"version": version, "accounts": accounts}
    logged: dict[str, list[_Logged]] = defaultdict(list)
    for account_id, *row in connection.execute(LOGGED, asked).fetchall():
        logged[account_id].append(_Logged(*row))
    held = [_Held(*row) for row in connection.execute(HELD, asked).fetchall()]
    return [row for account in held for row in _back(account, logged[account.account_id], version)]


def _back(account: _Held, logged: list[_Logged], version: int) -> Iterator[Planned]:
    now = parse_traits(account.traits)
    back = dict(_values(now, logged))
    if not back:
        return
    created = any(row.op == "create" for row in logged)
    lifecycle = lifecycle_text(Lifecycle()) if created else account.lifecycle
    then = {**now, **back}
    if account.on_its_way not in (None, canonical(then)):
        return
    yield Planned(
        account_id=account.account_id,
        op="undo",
        name=account.name,
        traits=canonical(then),
        changes=tuple(_change(trait, now, then) for trait in sorted(back)),
        source_md5=UNDONE,
        traits_set=sum(value is not None for value in back.values()),
        traits_cleared=sum(value is None for value in back.values()),
        attempts=0,
        currency=account.currency,
        traits_held=sum(value is not None for value in then.values()),
        # After a later run the lifecycle is decided anew.
        lifecycle=lifecycle if account.version == version else None,
    )


def _values(now: Traits, logged: list[_Logged]) -> Iterator[tuple[str, Any]]:
    """The traits that still have the run's value, with the value before it."""
    for row in logged:
        if row.op == "create":
            sent = parse_traits(row.new or "{}")
            yield from (
                (trait, None)
                for trait, value in sent.items()
                if value is not None and _text(now.get(trait)) == _text(value)
            )
        elif row.trait is not None and _text(now.get(row.trait)) == row.new:
            old = parse_traits(f'{{"v":{row.old or "null"}}}')["v"]
            if row.old != row.new:
                yield row.trait, old


def _change(trait: str, now: Traits, then: Traits) -> dict[str, str | None]:
    return {"trait": trait, "old": _text(now.get(trait)), "new": _text(then.get(trait))}


def _text(value: Any) -> str | None:
    return None if value is None else canonical_value(value)
