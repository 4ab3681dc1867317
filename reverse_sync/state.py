"""The tables of the `sync` schema in the warehouse, which this package alone writes.

sync_runs       one row a run that had something to send or to keep out
sync_changelog  one row a trait sent (an account's first write: one row, all its traits in `new`)
sync_snapshot   the last acknowledged traits of each account
outbox          what a run sends: written with the plan, resolved by the store's reply
sync_invalid    the accounts that are kept out now, and why

Times are UTC without zone. Values are JSON text.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
from duckdb import DuckDBPyConnection

SCHEMA = """
    create schema if not exists sync;

    create table if not exists sync.sync_runs (
        version bigint primary key,
        run_id varchar not null,
        mode varchar not null,
        as_of timestamp not null,
        status varchar not null,  -- running, done, failed, interrupted
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
        error varchar
    );

    create table if not exists sync.sync_changelog (
        version bigint not null,
        run_id varchar not null,
        account_id varchar not null,
        trait varchar,  -- null: the account as a whole
        old varchar,
        new varchar,
        op varchar not null,  -- create, update, set, unset
        status varchar not null,  -- acknowledged, rejected, superseded
        error varchar,
        "at" timestamp not null
    );

    create table if not exists sync.sync_snapshot (
        account_id varchar primary key,
        name varchar,
        traits varchar not null,
        source_md5 varchar not null,  -- of the mart's own text: tells unchanged rows unread
        tracking varchar not null,  -- digest of the tracking config behind the lifecycle
        review_at timestamp,  -- when time alone changes the lifecycle
        version bigint not null,
        acknowledged_at timestamp not null
    );

    create table if not exists sync.outbox (
        version bigint not null,
        run_id varchar not null,
        account_id varchar not null,
        op varchar not null,  -- create, update
        name varchar,
        traits varchar not null,  -- all of them, as they are once this is acknowledged
        changes struct(trait varchar, old varchar, new varchar)[] not null,
        source_md5 varchar not null,
        tracking varchar not null,
        status varchar not null,  -- pending, acknowledged, rejected, superseded
        error varchar,
        planned_at timestamp not null,
        resolved_at timestamp
    );

    create table if not exists sync.sync_invalid (
        account_id varchar,
        reason varchar not null,
        run_id varchar not null
    );
"""


@dataclass(frozen=True, kw_only=True)
class Run:
    """The identity of one sync; its version orders it after every earlier one."""

    run_id: str
    version: int
    mode: str
    tracking: str
    as_of: datetime

    @property
    def at(self) -> datetime:
        """as_of as the state tables keep it."""
        return self.as_of.astimezone(UTC).replace(tzinfo=None)


@contextmanager
def transaction(connection: DuckDBPyConnection) -> Iterator[None]:
    """All or nothing, on a connection that autocommits."""
    connection.execute("begin transaction")
    try:
        yield
        connection.execute("commit")
    except BaseException:
        connection.execute("rollback")
        raise


@contextmanager
def rows_as_table(
    connection: DuckDBPyConnection, name: str, rows: list[dict[str, Any]], schema: pa.Schema
) -> Iterator[None]:
    """Python rows as a table to join with: DuckDB inserts them a thousand times faster than one
    by one."""
    connection.register(name, pa.Table.from_pylist(rows, schema=schema))
    try:
        yield
    finally:
        connection.unregister(name)


def count(connection: DuckDBPyConnection, query: str, *parameters: object) -> int:
    """The one number of a query; 0 where it is null."""
    row = connection.execute(query, list(parameters)).fetchone()
    return int(row[0] or 0) if row else 0
