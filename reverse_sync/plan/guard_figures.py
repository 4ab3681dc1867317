"""What the guards look at: the plan in the outbox beside what the store has acknowledged.

Enters: the warehouse connection inside the plan's transaction, the published copy attached. Leaves:
the figures of guards.py, and the plan's digest. Not here: which figure is too much (guards.py).
"""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from duckdb import DuckDBPyConnection

from reverse_sync.guards import Figure, Figures, Guards
from reverse_sync.plan.counts import Plan
from reverse_sync.state.published_build import published_build
from reverse_sync.state.run import Run, count, naive
from reverse_sync.values.counted import counted
from reverse_sync.values.tracking import Tracking
from reverse_sync.values.traits import NAMESPACES

COUNTED = """
    select
        count(*) filter (where op = 'create') as creates,
        count(*) filter (where op <> 'create') as updates,
        count(*) filter (
            where status_after = 'churned' and status_before is distinct from 'churned'
            and op <> 'create'
        ) as churns,
        coalesce(sum(len(list_filter(
            changes, lambda change: change.new is null and change.old is not null
        ))), 0) as nulls
    from sync.outbox
    where version = ?
"""

ACKNOWLEDGED = """
    select
        count(*) as accounts,
        count(*) filter (where lifecycle_status is distinct from 'churned') as not_churned,
        coalesce(sum(traits_held), 0) as traits_held
    from sync.sync_snapshot
"""

# An account that is new has no MRR that could stay.
UNKNOWN = """
    select count(*)
    from sync.outbox
    inner join sync.sync_snapshot as snapshot on outbox.account_id = snapshot.account_id
    where outbox.version = ?
        and (outbox.facts ->> '$.unknown_amount') is not null
        and (snapshot.facts ->> '$.unknown_amount') is null
"""

GONE = """
    select count(*)
    from sync.sync_snapshot
    where gone_at is null and account_id not in (
        select account_id from published.main.account_traits where account_id is not null
    )
"""

# An amount that does not fit makes the sum's count differ, and the guard say that it cannot tell.
MRR = """
    with held as (
        select
            coalesce(currency, '') as currency,
            sum(try_cast(mrr as decimal(38, 9))) as amount,
            count(mrr) - count(try_cast(mrr as decimal(38, 9))) as unread
        from sync.sync_snapshot
        where mrr is not null
        group by all
    ),

    held_of_planned as (
        select
            coalesce(snapshot.currency, '') as currency,
            try_cast(snapshot.mrr as decimal(38, 9)) as lost,
            0::decimal(38, 9) as won,
            0 as unread
        from sync.outbox
        inner join sync.sync_snapshot as snapshot on outbox.account_id = snapshot.account_id
        where outbox.version = $version and snapshot.mrr is not null
    ),

    planned as (
        select
            coalesce(currency, '') as currency,
            0::decimal(38, 9) as lost,
            try_cast(mrr_after as decimal(38, 9)) as won,
            (try_cast(mrr_after as decimal(38, 9)) is null)::integer as unread
        from sync.outbox
        where version = $version and mrr_after is not null
    ),

    moved as (
        select currency, sum(lost) - sum(won) as dropped, sum(unread) as unread
        from (from held_of_planned union all by name from planned)
        group by all
    )

    select
        held.currency,
        held.amount,
        coalesce(moved.dropped, 0),
        held.unread + coalesce(moved.unread, 0)
    from held
    left join moved on held.currency = moved.currency
    order by 1
"""

DIGEST = """
    select sha256(coalesce(string_agg(md5(concat_ws(
        chr(31), account_id, op, coalesce(name, chr(30)), status_after, mrr_after,
        to_json(changes)::varchar, case when op in ('create', 'resync') then md5(traits) end, facts
    )), '' order by account_id), '') || ?)
    from sync.outbox
    where version = ?
"""


def digest(connection: DuckDBPyConnection, run: Run) -> str:
    """The same for the same accounts and changes, whenever they are planned: 16 characters."""
    row = connection.execute(DIGEST, [f"{run.mode} {run.tracking}", run.version]).fetchone()
    return str(row[0])[:16] if row else ""


def figures(
    connection: DuckDBPyConnection,
    plan: Plan,
    tracking: Tracking,
    guards: Guards,
    store_version: int,
) -> Figures:
    """The figures of the plan that stands in the outbox."""
    run = plan.run
    creates, updates, churns, nulls = _row(connection, COUNTED, run.version)
    accounts, not_churned, held = _row(connection, ACKNOWLEDGED)
    foreign = _foreign(tracking)
    gone = 0 if run.scope.accounts is not None else count(connection, GONE)
    return Figures(
        accounts=accounts,
        by_guard={
            "creates": [_figure(creates, accounts)],
            "updates": [_figure(updates, accounts)],
            "deletes": [_figure(gone, accounts)],
            "churns": [_unknown(foreign) if foreign else _figure(churns, not_churned)],
            "mrr_drop": [_unknown(foreign)] if foreign else _mrr(connection, run, tracking),
            "unknown_mrr": [_figure(_row(connection, UNKNOWN, run.version)[0], accounts)],
            "nulls": [_figure(nulls, held)],
        },
        upstream=_upstream(connection, plan, guards, accounts, store_version),
    )


def _row(connection: DuckDBPyConnection, query: str, *parameters: object) -> tuple[int, ...]:
    row: tuple[Any, ...] = connection.execute(query, list(parameters)).fetchone() or ()
    return tuple(int(value) for value in row)


def _figure(value: int, whole: int) -> Figure:
    return Figure(Decimal(value), Decimal(whole))


def _unknown(why: str) -> Figure:
    return Figure(None, Decimal(0), unknown=why)


def _mrr(connection: DuckDBPyConnection, run: Run, tracking: Tracking) -> list[Figure]:
    """By the trait that revenue is tracked by, which is not the MRR of every page."""
    revenue = tracking.settings.get("revenue")
    trait = (revenue.trait if revenue else None) or ""
    rows = connection.execute(MRR, {"version": run.version}).fetchall()
    return [
        _unknown(f"an amount of MRR in {currency or 'no currency'} has too many digits")
        if unread
        else Figure(max(dropped, Decimal(0)).normalize(), amount.normalize(), currency, trait=trait)
        for currency, amount, dropped, unread in rows
    ]


def _foreign(tracking: Tracking) -> str:
    """Why lifecycles cannot be foreseen; empty where they can."""
    for aspect in ("churn", "revenue"):
        setting = tracking.settings.get(aspect)
        trait = setting.trait if setting is not None and setting.rule != "none" else None
        if trait is not None and not trait.startswith(NAMESPACES):
            return f"{aspect} tracking reads {trait}, which is not in account_traits"
    return ""


def _upstream(
    connection: DuckDBPyConnection, plan: Plan, guards: Guards, accounts: int, store_version: int
) -> dict[str, str]:
    found: dict[str, str] = {}
    if not plan.selected and accounts:
        found["empty"] = (
            f"account_traits is empty, the store holds {counted(accounts, 'account')}; mend the"
            " load and the build, then sync again (--override empty lets an empty model pass)"
        )
    stale = _stale(connection, plan.run, guards)
    if stale:
        found["stale"] = stale
    acknowledged = count(connection, "select max(version) from sync.sync_snapshot")
    if acknowledged > store_version:
        found["store_behind"] = (
            f"the store is at version {store_version}, version {acknowledged} was acknowledged: it"
            " was restored, emptied or replaced; compare with 'stripe-traits reconcile --store',"
            " then --repair it (--override store_behind goes on as if nothing was missing)"
        )
    percent = any(limit.percent is not None for limit in guards.limits.values())
    # A first run that was killed before it remembered an answer is known, and so are its accounts.
    planned = count(connection, "select max(version) from sync.sync_runs where status <> 'blocked'")
    if not accounts and store_version > planned and percent:
        found["state_lost"] = (
            f"the store is at version {store_version}, but nothing is known of what it"
            " acknowledged; rebuild that with 'stripe-traits reconcile --store --repair'"
            " (--override state_lost sends every account once more)"
        )
    return found


def _stale(connection: DuckDBPyConnection, run: Run, guards: Guards) -> str:
    if guards.max_age_hours is None:
        return ""
    published = published_build(connection).published_at
    if published is not None and guards.refreshed_at is not None:
        published = max(published, naive(guards.refreshed_at))
    if published is None:
        return "it is not known when the marts were published; run 'stripe-traits sync'"
    age = naive(run.now) - published
    if age <= timedelta(hours=float(guards.max_age_hours)):
        return ""
    return (
        f"the marts are of {published:%Y-%m-%d %H:%M} UTC,"
        f" the limit is {guards.max_age_hours:f} hours; run 'stripe-traits sync'"
        " (or send them once with --override stale)"
    )
