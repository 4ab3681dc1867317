"""What the next build has to do: nothing, the accounts that changed, or everything.

Enters: the warehouse, the settings and `as_of`. Leaves: a `BuildScope`. Which accounts changed is
found by the models, by `loaded_at`; here is only since when, and whether that is enough. The caller
holds the lock.
"""

from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import uuid4

import duckdb

from orchestration.build.last_build import Inputs, LastBuild, inputs, keep, last_build
from orchestration.configuration.settings import Settings

# What `as_of` alone changes in an account: what ends. Fewer conditions than the models have would
# lose a change; more only cost a build.
PASSED = """
select exists (select 1 from stripe.discounts where ends_at > $since and ends_at <= $until)
    or exists (
        select 1 from stripe.subscriptions
        where pause_collection_resumes_at > $since and pause_collection_resumes_at <= $until
    )
    or exists (
        select 1 from stripe.subscriptions
        where trial_end is not null
            and least(trial_end, ended_at) > $since and least(trial_end, ended_at) <= $until
    )
"""
NEW_RATES = "select exists (select 1 from seeds.fx_rates where date > $since and date <= $until)"

ASKED_FOR = "asked for"


class BuildKind(StrEnum):
    """How much a build does."""

    NOTHING = "nothing"
    REFRESH = "refresh"
    FULL = "full"


@dataclass(frozen=True)
class BuildScope:
    """One build: `build` counts them; moments are naive UTC; `why` is for people.

    `id` names the build; `follows` the one before it, which a refresh changes.
    """

    kind: BuildKind
    why: str
    build: int
    changed_since: datetime | None
    previous_as_of: datetime | None
    kept_until: datetime | None
    id: str
    follows: str | None = None


def decide(
    database: duckdb.DuckDBPyConnection, settings: Settings, *, as_of: datetime, full: bool = False
) -> BuildScope:
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
) -> BuildScope:
    now = inputs(landed, settings, as_of)
    last = last_build(database)
    if last is None:
        return BuildScope(BuildKind.FULL, "the first build", 1, None, None, None, id=str(uuid4()))
    why = ASKED_FOR if full else _outdated(last, now) or _time_passed(landed, last, now.as_of)
    if why or last.id is None:
        return _next(BuildKind.FULL, why or "the last build has no id", last)
    since = {"since": last.as_of, "until": now.as_of}
    if now.loaded_at != last.loaded_at or _found(landed, PASSED, since):
        return _next(BuildKind.REFRESH, "objects changed", last)
    return BuildScope(
        kind=BuildKind.NOTHING,
        why="nothing changed",
        build=last.build,
        changed_since=last.loaded_at,
        previous_as_of=last.as_of,
        kept_until=last.kept_until,
        id=last.id,
    )


def begin(
    database: duckdb.DuckDBPyConnection, settings: Settings, scope: BuildScope, *, as_of: datetime
) -> None:
    """Remember what this build is made from, and that it is not finished."""
    with settings.site.landing(database) as landed:
        now = inputs(landed, settings, as_of)
    begun = LastBuild(
        **asdict(now),
        build=scope.build,
        kept_until=max(now.as_of, scope.kept_until or now.as_of),
        is_finished=False,
        id=scope.id,
    )
    keep(database, begun)


def _next(kind: BuildKind, why: str, last: LastBuild) -> BuildScope:
    """The build after the last one."""
    is_refresh = kind is BuildKind.REFRESH
    return BuildScope(
        kind=kind,
        why=why,
        build=last.build + 1,
        changed_since=last.loaded_at if is_refresh else None,
        previous_as_of=last.as_of,
        kept_until=last.kept_until,
        id=str(uuid4()),
        follows=last.id if is_refresh else None,
    )


def _outdated(last: LastBuild, now: Inputs) -> str | None:
    """Why the last build is nothing that a next one could go on from."""
    if not last.is_finished:
        return "the last build did not finish"
    if last.made_from != now.made_from:
        return "settings, seeds or models changed"
    return "a Stripe account came" if {*last.stripe_accounts} != {*now.stripe_accounts} else None


def _time_passed(
    database: duckdb.DuckDBPyConnection, last: LastBuild, as_of: datetime
) -> str | None:
    """Why time alone asks for a full build."""
    before = last.as_of
    if as_of < before:
        return "as_of lies before that of the last build"
    if (as_of.year, as_of.month) != (before.year, before.month):
        return "a month began"
    if _found(database, NEW_RATES, {"since": before.date(), "until": as_of.date()}):
        return "a rate of fx_rates came into force"
    return None


def _found(database: duckdb.DuckDBPyConnection, query: str, values: dict[str, Any]) -> bool:
    row = database.execute(query, values).fetchone()
    return bool(row and row[0])
