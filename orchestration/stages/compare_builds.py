"""The marts as refreshes left them, beside a full build by dbt of the same rows at the same moment.

Enters: the settings. Leaves: what was found of each mart, in `pipeline.mart_comparisons` and
published. The
build is done in a copy of the warehouse's file: nobody waits for it, and no mart is changed by it.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import duckdb
from pydantic import SecretStr

from orchestration.build.last_build import last_build
from orchestration.build.manifest import DbtFailed
from orchestration.build.mart_comparisons import MartComparison, keep
from orchestration.build.scope import BuildKind, decide
from orchestration.build.transform import TransformFailed, find_failure, transform
from orchestration.clock import now
from orchestration.configuration.settings import Settings
from orchestration.locks import lock
from orchestration.publication.publish import publish_sync
from orchestration.terminal.reporter import Reporter

PURPOSE = "compare builds"
# Own traits are made whole by each build, and by no other way.
MARTS = """
select table_name from duckdb_tables()
where schema_name = 'marts' and table_name <> 'custom_traits' order by 1
"""
MINUS = 'select count(*) from (select * from {0}."{2}" except all select * from {1}."{2}")'


@dataclass(frozen=True)
class ComparedBuilds:
    """`as_of` (naive UTC) is that of the last build."""

    as_of: datetime
    marts: list[MartComparison]

    @property
    def differing(self) -> list[MartComparison]:
        return [one for one in self.marts if one.lacking_rows or one.surplus_rows]


class NotComparable(Exception):
    """Why the last build cannot be done again now."""


def compare_builds(settings: Settings, reporter: Reporter, *, at: datetime) -> ComparedBuilds:
    """`at` (aware UTC) is when. Raises NotComparable, TransformFailed."""
    with _copied(settings, reporter) as (copy, as_of):
        built = transform(copy, as_of=as_of.replace(tzinfo=UTC), full=True, on_node=reporter.built)
        with duckdb.connect(str(copy.warehouse)) as database:
            if failure := find_failure(database, built.results):
                raise failure
            marts = [name for (name,) in database.execute(MARTS).fetchall()]
            found = ComparedBuilds(as_of, [_compared(database, mart) for mart in marts])
    with (
        lock(settings.folder, PURPOSE, reporter),
        duckdb.connect(str(settings.warehouse)) as database,
    ):
        keep(database, found.marts, as_of=as_of, at=at)
        if settings.marts.exists():
            publish_sync(database, settings.marts)
    return found


def compared_line(settings: Settings, reporter: Reporter) -> str:
    """The same for a run that goes on whatever was found: one line for its log."""
    try:
        found = compare_builds(settings, reporter, at=now())
    except (NotComparable, DbtFailed, TransformFailed) as error:
        return f"the marts were not compared with a full build: {error}"
    return line(found)


def line(found: ComparedBuilds) -> str:
    """What was found, for people."""
    names = ", ".join(one.mart for one in found.differing) or "none"
    return f"{len(found.marts)} marts compared with a full build by dbt, different: {names}"


@contextmanager
def _copied(settings: Settings, reporter: Reporter) -> Iterator[tuple[Settings, datetime]]:
    """A warehouse of its own, with the marts a second time in the schema `refreshed_marts`."""
    folder = settings.folder.dbt / "compared"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    file = folder / settings.warehouse.name
    try:
        with lock(settings.folder, PURPOSE, reporter):
            as_of = _comparable(settings)
            shutil.copy(settings.warehouse, file)
        with duckdb.connect(str(file)) as database:
            database.execute("create schema refreshed_marts")
            for (name,) in database.execute(MARTS).fetchall():
                database.execute(f'create table refreshed_marts."{name}" as from marts."{name}"')
        place = SecretStr(f"duckdb:///{file}")
        yield settings.model_copy(update={"warehouse_url": place, "data_dir": folder}), as_of
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _comparable(settings: Settings) -> datetime:
    """The moment of the last build, where nothing was landed or set otherwise since."""
    if not (settings.site.lands_in_file and settings.warehouse.exists()):
        raise NotComparable("the warehouse is no DuckDB file that is there")
    with duckdb.connect(str(settings.warehouse)) as database:
        last = last_build(database)
        if last is None or not last.is_finished:
            raise NotComparable("no build has ended well")
        due = decide(database, settings, as_of=last.as_of)
        database.execute("checkpoint")  # the file is copied
    if due.kind is not BuildKind.NOTHING:
        raise NotComparable(f"{due.why} since the last build: stripe-traits sync, then again")
    return last.as_of


def _compared(database: duckdb.DuckDBPyConnection, mart: str) -> MartComparison:
    [(rows,)] = database.execute(f'select count(*) from marts."{mart}"').fetchall()
    [(lacking,)] = database.execute(MINUS.format("marts", "refreshed_marts", mart)).fetchall()
    [(surplus,)] = database.execute(MINUS.format("refreshed_marts", "marts", mart)).fetchall()
    return MartComparison(mart, rows, lacking, surplus)
