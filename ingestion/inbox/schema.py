"""The tables of `events.db`, and how a file of an older version comes to have them.

Enters: an open SQLite database. Leaves: the same with today's tables. What they mean to a load
stands in `inbox`.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

SCHEMA = """
create table if not exists events (
    stripe_account_id text not null,
    id text not null,             -- Stripe's event id: a repeated delivery changes nothing
    type text not null,
    created integer not null,     -- Unix seconds, Stripe's clock
    received_at text not null,    -- UTC
    payload text not null,        -- as received, a log, never loaded into tables
    primary key (stripe_account_id, id)
) strict;
create table if not exists reached (
    stripe_account_id text not null,
    event_id text not null,
    reached_at text not null,     -- UTC, when what it told of was first in the account store
    primary key (stripe_account_id, event_id)
) strict, without rowid;
create table if not exists latencies (
    number integer primary key,
    reached_at text not null,     -- UTC, when a refresh had written the account store
    loaded_until text not null,   -- UTC, the loads before are in it
    events integer not null,
    median_seconds real,          -- from event.created, null without events
    p95_seconds real,
    slowest_seconds real
) strict;
create table if not exists refused_events (
    id text not null,             -- signed by one of our secrets, and yet not for this inbox
    reason text not null,         -- livemode, account
    type text not null,
    created integer not null,
    livemode integer not null,
    account text,
    received_at text not null,
    primary key (id, reason)
) strict, without rowid;
create table if not exists pointers (
    stripe_account_id text not null,
    event_id text not null,
    stream text not null,
    object_id text not null,
    done_at text,                 -- UTC, null while the object has not been read again
    primary key (event_id, stripe_account_id, stream, object_id),
    foreign key (stripe_account_id, event_id) references events
) strict, without rowid;
create index if not exists waiting on pointers (stripe_account_id, stream, object_id)
    where done_at is null;
create index if not exists done on pointers (done_at) where done_at is not null;
create table if not exists positions (
    stripe_account_id text not null,
    name text not null,
    value text not null,
    primary key (stripe_account_id, name)
) strict;
create table if not exists unread (   -- what a full read has still to list
    stripe_account_id text not null,
    stream text not null,
    low integer not null,         -- created, Unix seconds: from this one
    high integer not null,        -- to just before this one
    primary key (stripe_account_id, stream, low, high)
) strict, without rowid;
create table if not exists compared (   -- what the last comparison with Stripe found
    stripe_account_id text not null,
    stream text not null,
    listed integer not null,      -- objects at Stripe
    absent integer not null,      -- of them not landed
    differing integer not null,   -- of them landed otherwise
    gone integer not null,        -- landed, and no longer at Stripe
    primary key (stripe_account_id, stream)
) strict, without rowid;
create table if not exists history (
    stripe_account_id text not null,
    at text not null,             -- UTC
    what text not null            -- full reads with their reason, brakes released
) strict;
"""
FORMAT = 1  # 0: before formats were numbered; such a file is brought up to date by `prepare`
# Before there were several Stripe accounts, a position named the only one, if its key told.
ADOPTED = "coalesce((select value from positions_before where name = 'stripe_account'), '')"
BEFORE_ACCOUNTS = f"""
alter table events rename to events_before;
alter table pointers rename to pointers_before;
alter table positions rename to positions_before;
drop index if exists pending;
{SCHEMA}
insert into events
select {ADOPTED}, id, type, created, received_at, payload from events_before;
insert into pointers
select {ADOPTED}, event_id, stream, object_id, done_at from pointers_before;
insert into positions
select {ADOPTED}, name, value from positions_before where name <> 'stripe_account';
drop table pointers_before;
drop table events_before;
drop table positions_before;
"""


def prepare(database: sqlite3.Connection) -> None:
    """Make the tables, or bring those of an older version up to date, all or nothing."""
    with database:
        database.execute("begin immediate")  # two processes may open it at once
        (held,) = database.execute("pragma user_version").fetchone()
        if held > FORMAT:
            raise InboxNotReady(
                f"the inbox events.db has format {held}, and this version of stripe-traits knows"
                f" {FORMAT}: install the version that wrote it; nothing was changed"
            )
        before = _columns(database) and "stripe_account_id" not in _columns(database)
        for statement in (BEFORE_ACCOUNTS if before else SCHEMA).split(";"):
            database.execute(statement)
        if held != FORMAT:
            database.execute(f"pragma user_version = {FORMAT}")


class InboxNotReady(Exception):
    """The file may only be read, and is not there or of an older version."""


def check(database: sqlite3.Connection, path: Path) -> None:
    """Raises InboxNotReady where a table or column of today is missing."""
    every = (
        "select made.name, part.name from sqlite_schema as made"
        " join pragma_table_info(made.name) as part where made.type = 'table'"
    )
    with closing(sqlite3.connect(":memory:")) as today:
        today.executescript(SCHEMA)
        wanted = set(today.execute(every))
    if not wanted <= set(database.execute(every)):
        raise InboxNotReady(
            f"{path} is of an older version: run stripe-traits sync, which brings it up to date;"
            " nothing is lost"
        )


def _columns(database: sqlite3.Connection) -> set[str]:
    return {row[1] for row in database.execute("pragma table_info(events)")}
