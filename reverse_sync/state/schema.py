"""The tables of the `sync` schema in the warehouse, which this package alone writes.

sync_runs       one row a run that had something to send or to keep out, or that was blocked
sync_changelog  one row a trait sent (an account sent whole: one row, all its traits in `new`)
sync_snapshot   the last acknowledged traits of each account, and the lifecycle they led to
sync_invalid    the accounts that are kept out now, and why
sync_drift      what the last reconcile found in the store that nobody sent
sync_backlog    the changes that wait for another attempt, or for the target's budget
dead_letters    the changes that a store refused for good, until they are retried or superseded
lifecycles_before  what a write's lifecycle replaced, for undo
sync_target     which account store all this is about, and the build that it was brought to
outbox          what a run sends: written with the plan, resolved by the store's reply

Times are UTC without zone. Values are JSON text.
"""

from functools import cache

import duckdb
from duckdb import DuckDBPyConnection

SCHEMA = """
    create schema if not exists sync;

    create table if not exists sync.sync_runs (
        version bigint primary key,
        run_id varchar not null,
        mode varchar not null,
        as_of timestamp not null,
        status varchar not null,  -- running, done, failed, interrupted, blocked
        selected bigint not null,
        unchanged bigint not null,
        invalid bigint not null,
        sent bigint not null,
        acknowledged bigint not null,
        rejected bigint not null,
        pending bigint not null,
        creates bigint not null,
        updates bigint not null,
        traits_set bigint not null,
        traits_cleared bigint not null,
        error varchar,
        kind varchar,  -- sync, apply, retry, resync, repair, undo
        blocked bigint,
        deferred bigint,
        churns bigint,
        overridden varchar,  -- the guards that were overridden, for this run alone
        planned varchar,  -- the plan's digest
        approved_by varchar  -- who looked at it, where a guard asks for that
    );

    create table if not exists sync.sync_changelog (
        version bigint not null,
        run_id varchar not null,
        account_id varchar not null,
        trait varchar,  -- null: the account as a whole
        old varchar,
        new varchar using compression zstd,
        op varchar not null,  -- create, update, set, unset
        status varchar not null,  -- acknowledged, rejected, failed, superseded
        error varchar,
        "at" timestamp not null,
        reply varchar  -- what the store answered
    );

    create table if not exists sync.sync_snapshot (
        account_id varchar primary key,
        name varchar,
        traits varchar not null using compression zstd,
        source_md5 varchar not null,  -- of the mart's own text: tells unchanged rows unread
        tracking varchar not null,  -- digest of the tracking config behind the lifecycle
        review_at timestamp,  -- when time alone changes the lifecycle
        version bigint not null,
        acknowledged_at timestamp not null,
        lifecycle_status varchar,
        mrr varchar,  -- decimal text
        currency varchar,
        traits_held bigint,  -- how many traits have a value
        gone_at timestamp,  -- when a run first missed it in account_traits
        facts varchar,  -- JSON: what stands beside the traits, for the lifecycle
        lifecycle varchar  -- as the store was found to hold it, while the facts are not known
    );

    create table if not exists sync.outbox (
        version bigint not null,
        run_id varchar not null,
        account_id varchar not null,
        op varchar not null,  -- create, update, resync (all traits again), undo
        name varchar,
        -- all of them, as they are once this is acknowledged
        traits varchar not null using compression zstd,
        changes struct(trait varchar, old varchar, new varchar)[] not null,
        source_md5 varchar not null,
        tracking varchar not null,
        status varchar not null,  -- pending, acknowledged, rejected, parked, superseded
        error varchar,
        planned_at timestamp not null,
        resolved_at timestamp,
        priority integer,  -- the lower goes first
        attempts bigint,
        next_attempt_at timestamp,  -- null: at once
        status_before varchar,  -- of the lifecycle, as foreseen by the plan
        status_after varchar,
        mrr_before varchar,
        mrr_after varchar,
        currency varchar,
        traits_held bigint,
        lifecycle varchar,  -- to be written as it is (undo); null: decided when written
        facts varchar,  -- of the row of account_traits, for the lifecycle
        traits_set bigint,
        traits_cleared bigint,
        length bigint  -- of its texts: how many accounts are on their way together
    );

    create table if not exists sync.dead_letters (
        version bigint not null,
        run_id varchar not null,
        account_id varchar not null,
        op varchar not null,
        changes struct(trait varchar, old varchar, new varchar)[] not null,
        code varchar,  -- the store's own
        error varchar not null,
        body varchar,  -- the beginning of the store's answer
        attempts bigint not null,
        parked_at timestamp not null,
        resolved_at timestamp,
        resolution varchar  -- retried, superseded; null: it waits
    );

    create table if not exists sync.lifecycles_before (
        version bigint not null,
        account_id varchar not null,
        lifecycle varchar not null
    );

    create table if not exists sync.sync_drift (
        account_id varchar not null,
        kind varchar not null,  -- changed, missing, extra, unremembered
        trait varchar,  -- null: the account as a whole
        acknowledged varchar,
        held varchar,
        found_at timestamp not null,
        run_id varchar not null
    );

    create table if not exists sync.sync_target (
        one integer primary key,  -- the table has one row
        digest varchar not null,  -- its address can be a secret
        label varchar not null,
        delivered_build varchar,  -- of the marts that the last whole run has sent; null: not known
        waits_until timestamp,  -- when that run's first account that waits may be tried; null: none
        waits_since timestamp,  -- that run's own moment, by the same clock
        delivered_tracking varchar  -- digest of the tracking that it went by; null: not known
    );

    create table if not exists sync.sync_invalid (
        account_id varchar,
        reason varchar not null,
        run_id varchar not null
    );
"""

# Columns that an older version's tables lack.
ADDED = {
    "sync_runs": {
        "kind": "varchar",
        "blocked": "bigint default 0",
        "deferred": "bigint default 0",
        "churns": "bigint default 0",
        "overridden": "varchar",
        "planned": "varchar",
        "approved_by": "varchar",
    },
    "sync_changelog": {"reply": "varchar"},
    "sync_snapshot": {
        "lifecycle_status": "varchar",
        "mrr": "varchar",
        "currency": "varchar",
        "traits_held": "bigint",
        "gone_at": "timestamp",
        "facts": "varchar",
        "lifecycle": "varchar",
    },
    "outbox": {
        "priority": "integer",
        "attempts": "bigint default 0",
        "next_attempt_at": "timestamp",
        "status_before": "varchar",
        "status_after": "varchar",
        "mrr_before": "varchar",
        "mrr_after": "varchar",
        "currency": "varchar",
        "traits_held": "bigint",
        "lifecycle": "varchar",
        "facts": "varchar",
        "traits_set": "bigint default 0",
        "traits_cleared": "bigint default 0",
        "length": "bigint default 0",
    },
    "sync_target": {
        "delivered_build": "varchar",
        "waits_until": "timestamp",
        "waits_since": "timestamp",
        "delivered_tracking": "varchar",
    },
}


BACKLOG = """
    create or replace view sync.sync_backlog as
    select
        version, run_id, account_id, op, status, priority, attempts, next_attempt_at, error,
        planned_at
    from sync.outbox
    where status in ('pending', 'rejected')
"""


KNOWN = """
    select table_name, column_name
    from duckdb_columns()
    where database_name = current_database() and schema_name = 'sync'
    union all
    select view_name, sql
    from duckdb_views()
    where database_name = current_database() and schema_name = 'sync'
"""


def prepare(connection: DuckDBPyConnection) -> None:
    """The tables, with every column, whatever version made them. What is as it must be is left:
    to make anything writes the whole catalog."""
    if not _made() <= _known(connection):
        _make(connection)


def _make(connection: DuckDBPyConnection) -> None:
    connection.execute(SCHEMA)
    known = _known(connection)
    for table, columns in ADDED.items():
        for column, kind in columns.items():
            if (table, column) not in known:
                connection.execute(f"alter table sync.{table} add column {column} {kind}")
    connection.execute(BACKLOG)


@cache
def _made() -> frozenset[tuple[str, str]]:
    """What is there afterwards."""
    with duckdb.connect(":memory:") as scratch:
        _make(scratch)
        return _known(scratch)


def _known(connection: DuckDBPyConnection) -> frozenset[tuple[str, str]]:
    """Tables and views with their columns, and each view with its text."""
    return frozenset(connection.execute(KNOWN).fetchall())
