"""What the next build has to do: nothing, the accounts that changed, or everything.

Enters: the warehouse, the settings and `as_of`. Leaves: a `Scope`, and in `pipeline.last_build`
what the last build was made from. Which accounts changed is found by the models, by `loaded_at`;
here is only since when, and whether that is enough. The caller holds the lock.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import uuid4

import duckdb

from ingestion.engines import engine
from orchestration.configuration.settings import Settings
from orchestration.project import PROJECT

MOVES_NUMBERS = (
    "account_id_metadata_key",
    "multiple_subscriptions",
    "reporting_currency",
    "mrr_discount_durations",
    "mrr_pause_collection",
)
FOLDERS = ("models", "macros", "seeds")
# `build` counts builds and begins anew in a new warehouse; `id` is never the same again.
LAST_BUILD = """
create schema if not exists pipeline;
create table if not exists pipeline.last_build (
    build bigint, as_of timestamp, loaded_at timestamp, made_from varchar,
    stripe_accounts varchar[], kept_until timestamp, is_finished boolean
);
alter table pipeline.last_build add column if not exists id varchar;
"""
# What `as_of` alone changes in an account: what ends. Fewer conditions than the models have would
# lose a change; more only cost a build.
PASSED = """
select exists (select 1 from stripe.discounts where ends_at > $since and ends_at <= $until)
    or exists (
        select 1 from stripe.subscriptions
        where pause_collection_resumes_at > $since and pause_collection_resumes_at <= $until
    )
"""
NEW_RATES = "select exists (select 1 from seeds.fx_rates where date > $since and date <= $until)"


class Kind(StrEnum):
    """How much a build does."""

    NOTHING = "nothing"
    REFRESH = "refresh"
    FULL = "full"


@dataclass(frozen=True)
class Scope:
    """One build: `build` counts them; moments are naive UTC; `why` is for people.

    `id` names the build; `follows` the one before it, which a refresh changes.
    """

    kind: Kind
    why: str
    build: int
    changed_since: datetime | None
    previous_as_of: datetime | None
    kept_until: datetime | None
    id: str
    follows: str | None = None


@dataclass(frozen=True)
class _Last:
    """The row of `pipeline.last_build`."""

    build: int
    as_of: datetime
    loaded_at: datetime | None
    made_from: str
    stripe_accounts: list[str]
    kept_until: datetime
    is_finished: bool
    id: str | None  # None: of a version that gave builds no id


@dataclass(frozen=True)
class _Inputs:
    """What marts are made from, besides the rows themselves."""

    as_of: datetime
    loaded_at: datetime | None
    made_from: str
    stripe_accounts: list[str]


def decide(
    database: duckdb.DuckDBPyConnection, settings: Settings, *, as_of: datetime, full: bool = False
) -> Scope:
    """What a build at `as_of` has to do. Cheap: no model runs."""
    with settings.site.landing(database) as landed:
        return _decide(database, landed, settings, as_of=as_of, full=full)


def _decide(
    database: duckdb.DuckDBPyConnection,
    landed: duckdb.DuckDBPyConnection,
    settings: Settings,
    *,
    as_of: datetime,
    full: bool,
) -> Scope:
    now = _inputs(landed, settings, as_of)
    database.execute(LAST_BUILD)
    row = database.execute("from pipeline.last_build").fetchone()
    if row is None:
        return Scope(Kind.FULL, "the first build", 1, None, None, None, str(uuid4()))
    last = _Last(*row)
    why = "asked for" if full else _outdated(last, now) or _time_passed(landed, last, now.as_of)
    if why or last.id is None:
        return _next(Kind.FULL, why or "the last build has no id", last)
    since = {"since": last.as_of, "until": now.as_of}
    if now.loaded_at != last.loaded_at or _found(landed, PASSED, since):
        return _next(Kind.REFRESH, "objects changed", last)
    changed_since, kept_until = last.loaded_at, last.kept_until
    nothing, why = Kind.NOTHING, "nothing changed"
    return Scope(nothing, why, last.build, changed_since, last.as_of, kept_until, last.id)


def _next(kind: Kind, why: str, last: _Last) -> Scope:
    """The build after the last one."""
    refresh = kind is Kind.REFRESH
    changed_since, follows = (last.loaded_at, last.id) if refresh else (None, None)
    build = last.build + 1
    return Scope(
        kind, why, build, changed_since, last.as_of, last.kept_until, str(uuid4()), follows
    )


def _outdated(last: _Last, now: _Inputs) -> str | None:
    """Why the last build is nothing that a next one could go on from."""
    if not last.is_finished:
        return "the last build did not finish"
    if last.made_from != now.made_from:
        return "settings, seeds or models changed"
    return "a Stripe account came" if {*last.stripe_accounts} != {*now.stripe_accounts} else None


def begin(
    database: duckdb.DuckDBPyConnection, settings: Settings, scope: Scope, *, as_of: datetime
) -> None:
    """Remember what this build is made from, and that it is not finished."""
    with settings.site.landing(database) as landed:
        now = _inputs(landed, settings, as_of)
    kept_until = max(now.as_of, scope.kept_until or now.as_of)
    database.execute("delete from pipeline.last_build")
    database.execute(
        "insert into pipeline.last_build values (?, ?, ?, ?, ?, ?, false, ?)",
        [
            scope.build,
            now.as_of,
            now.loaded_at,
            now.made_from,
            now.stripe_accounts,
            kept_until,
            scope.id,
        ],
    )


def finish(database: duckdb.DuckDBPyConnection) -> None:
    """All models and tests of the build passed: the next one may go on from it."""
    database.execute("update pipeline.last_build set is_finished = true")


def _time_passed(database: duckdb.DuckDBPyConnection, last: _Last, as_of: datetime) -> str | None:
    """Why time alone asks for a full build."""
    before = last.as_of
    if as_of < before:
        return "as_of lies before that of the last build"
    if (as_of.year, as_of.month) != (before.year, before.month):
        return "a month began"
    if _found(database, NEW_RATES, {"since": before.date(), "until": as_of.date()}):
        return "a rate of fx_rates came into force"
    return None


def _inputs(database: duckdb.DuckDBPyConnection, settings: Settings, as_of: datetime) -> _Inputs:
    tables = database.execute(
        "select table_name from duckdb_columns() where database_name = current_database()"
        " and schema_name = 'stripe' and column_name = 'loaded_at' order by 1"
    ).fetchall()
    newest = " union all ".join(f'select max(loaded_at) from stripe."{name}"' for (name,) in tables)
    (loaded_at,) = database.execute(f"select max(#1) from ({newest})").fetchone() or (None,)
    accounts = database.execute(
        "select distinct stripe_account_id from stripe.subscriptions order by 1"
    ).fetchall()
    return _Inputs(
        as_of.replace(tzinfo=None), loaded_at, _made_from(settings), [name for (name,) in accounts]
    )


def _made_from(settings: Settings) -> str:
    """A digest of the settings that move numbers, of every file that computes them, and of which
    warehouse: another one has its own rows and moments."""
    values = {name: getattr(settings, name) for name in MOVES_NUMBERS}
    values |= {"warehouse": engine(settings.site.place).place}
    digest = hashlib.sha256(json.dumps(values, default=str).encode())
    files = [PROJECT / "dbt_project.yml"]
    for folder in FOLDERS:
        files += sorted((PROJECT / "transform" / folder).rglob("*.*"))
    for path in files:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _found(database: duckdb.DuckDBPyConnection, query: str, values: dict[str, Any]) -> bool:
    row = database.execute(query, values).fetchone()
    return bool(row and row[0])
