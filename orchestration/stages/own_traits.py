"""The traits of TRAITS_DIR, made from the marts that were built.

Enters: the settings, the warehouse, what the build did. Leaves: own traits of this build, and what
of the published copy they change. Wrong models stop no refresh: own traits stay those of the last
build that had good ones, and the run says so once all others are delivered.
"""

from dataclasses import replace
from pathlib import Path

import duckdb

from orchestration.build.scope import BuildKind, BuildScope
from orchestration.configuration.settings import Settings
from orchestration.configuration.traits_folder import OwnTraitsFailed, own_files
from orchestration.own_traits import tables
from orchestration.own_traits.compiled import OwnModels, compiled
from orchestration.own_traits.declared import problems
from orchestration.own_traits.described import without_sql
from orchestration.own_traits.problems import note, published
from orchestration.publication.marts import reading
from orchestration.terminal.logs import log
from orchestration.warehouse.memory import again_without_limit, limit_memory, never

MOVED = """
create or replace table refreshed.custom_moved as
select account_id from (
    (from custom.members except all from members_before)
    union all
    (from members_before except all from custom.members)
) group by account_id
"""
# As the models note what a refresh replaces.
REPLACED = """
insert into refreshed.account_traits by name
from marts.account_traits
where account_id in (select account_id from refreshed.custom_moved)
    and account_id not in (select account_id from refreshed.account_traits);
create or replace table refreshed.custom_traits as from marts.custom_traits;
insert into pipeline.replaced values
('account_traits', 'account_id in (select account_id from refreshed.custom_moved)'),
('custom_traits', 'true');
"""


def bring_own_traits(
    database: duckdb.DuckDBPyConnection, settings: Settings, scope: BuildScope
) -> BuildScope:
    """All own traits are made anew. What is to be published: whole, where there are others than
    before."""
    if settings.traits_dir is None and not tables.were_there(database):
        return scope
    before = tables.traits(database)
    try:
        made = _models(settings, tables.marts(database))
        return again_without_limit(lambda: _brought(database, made, scope, before), fails=never)
    except OwnTraitsFailed as failed:
        lines = str(failed).splitlines()
        note(database, lines)
        for line in lines:
            log.warning(f"own traits stay as they were: {line}")
        return scope


def own_traits_problem(settings: Settings) -> str | None:
    """Why own traits are not of the published build, a line for each cause; None: they are."""
    with reading(settings.marts) as database:
        found = published(database)
    return "\n".join(f"own traits stay as they were: {one}" for one in found) or None


def check_own_traits(settings: Settings) -> None:
    """Once all else is delivered. Raises OwnTraitsFailed."""
    if problem := own_traits_problem(settings):
        raise OwnTraitsFailed(problem)


def _models(settings: Settings, marts: set[str]) -> OwnModels:
    """Raises OwnTraitsFailed."""
    folder = settings.traits_dir
    files = own_files(folder) if folder else {}
    if lost := without_sql(files):
        raise OwnTraitsFailed("\n".join(lost))
    if not any(name.endswith(".sql") for name in files):
        return OwnModels((), "")
    taken = [name for name in files if name.endswith(".sql") and Path(name).stem in marts]
    if taken:
        lines = (f"{name}: has the name of a mart: rename the file" for name in taken)
        raise OwnTraitsFailed("\n".join(lines))
    made = compiled(files, settings.folder.dbt / "own_traits")
    if found := problems(made.models):
        raise OwnTraitsFailed("\n".join(found))
    return made


def _brought(
    database: duckdb.DuckDBPyConnection, made: OwnModels, scope: BuildScope, before: list[str]
) -> BuildScope:
    """Raises OwnTraitsFailed."""
    limit_memory(database)
    with tables.bringing(database):
        database.execute("create or replace temp table members_before as from custom.members")
        tables.bring(database, made, before)
        is_whole = scope.kind is not BuildKind.REFRESH or tables.traits(database) != before
        if not is_whole:
            database.execute(MOVED)
            database.execute(REPLACED)
        note(database, [])
    return replace(scope, follows=None) if is_whole else scope
