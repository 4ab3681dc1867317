"""One build: the models run and tested at `as_of`, and what to say where something failed.

Enters: the settings and `as_of`. Leaves: built marts in the warehouse and a result for each dbt
node. The business rules stand in `transform/`; here is only how they are run. The caller holds the
lock.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb

from orchestration.build import mart_comparisons
from orchestration.build.build_text import place_of
from orchestration.build.last_build import finish
from orchestration.build.manifest import DbtFailed
from orchestration.build.node_result import NodeResult
from orchestration.build.record_build import Recorder
from orchestration.build.rerun_build import Doubt, rerun
from orchestration.build.run_settings import write_run_settings
from orchestration.build.scope import BuildKind, BuildScope, begin, decide
from orchestration.configuration.settings import Settings
from orchestration.terminal.logs import FIELDS, log
from orchestration.warehouse.memory import again_without_limit, limit_memory, never
from orchestration.warehouse.warehouse_kinds import Built

EVERYTHING = ("--exclude-resource-type", "unit_test")
# Views and seeds stand since the last full build, whose tests looked at every row.
REFRESHED = (
    *("--select", "config.materialized:working", "config.materialized:kept", "tag:each_refresh"),
    *("--indirect-selection", "empty", *EVERYTHING),
    # Its many small commits wait for the disk more than they compute.
    *("--threads", "4"),
)
VACUUMED_BUILDS = 50  # one in so many
OUT_OF_MEMORY = "Out of Memory Error"  # as dbt repeats it
UNKNOWN_VALUES = "assert_no_unknown_values"  # the test that names objects and fields


class TransformFailed(Exception):
    """A model or a test failed: nothing is published; one line for each cause."""


@dataclass(frozen=True)
class Transformed:
    """What a build had to do, and what dbt did."""

    scope: BuildScope
    results: list[NodeResult]
    why_dbt: str | None = None  # None: by the text of an earlier build, or nothing was to be done


def transform(
    settings: Settings,
    *,
    as_of: datetime,
    full: bool = False,
    on_node: Callable[[str], None] | None = None,
    on_scope: Callable[[BuildScope], None] | None = None,
) -> Transformed:
    """Bring the marts to `as_of` (UTC), by as little as that takes; tests included.

    `on_scope` hears what the build has to do before it begins, `on_node` of each node that is done.
    """
    with duckdb.connect(str(settings.warehouse)) as database:
        scope = again_without_limit(lambda: _begun(database, settings, as_of, full), fails=never)
        if on_scope:
            on_scope(scope)
        if scope.kind is BuildKind.NOTHING:
            return Transformed(scope, [])
        write_run_settings(database, settings, as_of, scope)
        mart_comparisons.create(database)
        settings.site.prepare_build(database)
        database.execute("set max_vacuum_tasks = $tasks", {"tasks": _vacuum_tasks(scope)})
        results, why_dbt = again_without_limit(
            lambda: _build(database, settings, scope, on_node), fails=_lacked_memory
        )
        passed = not any(result.failed for result in results)
        settings.site.collect_marts(database, Built(passed, scope.kind is BuildKind.REFRESH))
        if passed:
            finish(database)
    return Transformed(scope, results, why_dbt)


def _begun(
    database: duckdb.DuckDBPyConnection, settings: Settings, as_of: datetime, full: bool
) -> BuildScope:
    limit_memory(database)
    scope = decide(database, settings, as_of=as_of, full=full)
    if scope.kind is not BuildKind.NOTHING:
        begin(database, settings, scope, as_of=as_of)
    return scope


def _vacuum_tasks(scope: BuildScope) -> int:
    """How much DuckDB may tidy up: in a checkpoint it writes up to 122,880 rows of a table again to
    put a few beside them, which is a third of a small refresh. One now and then does it for all."""
    return 0 if scope.kind is BuildKind.REFRESH and scope.build % VACUUMED_BUILDS else 100


def _build(
    database: duckdb.DuckDBPyConnection,
    settings: Settings,
    scope: BuildScope,
    on_node: Callable[[str], None] | None,
) -> tuple[list[NodeResult], str | None]:
    """By the text of an earlier build where it holds, else by dbt, whose text is kept; and why."""
    limit_memory(database)
    place, why = place_of(database, settings, scope), "no text is kept of this build"
    if place and (nodes := place.read()):
        try:
            return rerun(database, nodes, on_node), None
        except Doubt as doubt:
            why = str(doubt)
    log.info("dbt does the build", extra={FIELDS: {"why": why}})
    recorder = Recorder()
    results = _by_dbt(settings, scope, [recorder] if place else [], on_node)
    if place and not any(result.failed for result in results):
        place.write(recorder.nodes(database, results))
    return results, why


def _lacked_memory(built: tuple[list[NodeResult], str | None]) -> bool:
    return any(result.failed and OUT_OF_MEMORY in result.message for result in built[0])


def _by_dbt(
    settings: Settings,
    scope: BuildScope,
    listeners: list[Callable[[Any], None]],
    on_node: Callable[[str], None] | None,
) -> list[NodeResult]:
    from dbt.artifacts.schemas.run import RunExecutionResult

    from orchestration.build.dbt_process import run_dbt

    selection = REFRESHED if scope.kind is BuildKind.REFRESH else EVERYTHING
    words = ["build", "--no-write-json", *selection]
    invocation = run_dbt(settings, words, on_node, listeners)
    if not isinstance(invocation.result, RunExecutionResult):
        raise DbtFailed(f"dbt could not run: {invocation.exception}")
    return [
        NodeResult(
            unique_id=result.node.unique_id,
            status=result.status,
            seconds=result.execution_time,
            failures=result.failures or 0,
            message=result.message or "",
        )
        for result in invocation.result.results
    ]


def find_failure(
    database: duckdb.DuckDBPyConnection, results: list[NodeResult]
) -> TransformFailed | None:
    """What to say of failed nodes: first the values that no rule knows, by object and field."""
    failed = [result for result in results if result.failed]
    if not failed:
        return None
    unknown = any(UNKNOWN_VALUES in result.unique_id for result in failed)
    lines = (_unknown_values(database) if unknown else []) or [
        f"{result.unique_id}: {' '.join(result.message.split())}" for result in failed
    ]
    return TransformFailed("\n".join([*lines, "nothing was published; the last good marts stand"]))


def _unknown_values(database: duckdb.DuckDBPyConnection) -> list[str]:
    rows = database.execute(
        "select object, id, field, value from intermediate.int_unknown_values order by all"
    ).fetchall()
    return [
        f"{kind} {object_id}: {field} '{value}' is not known to this version; extend the rule for"
        f" {field} in transform/, or update stripe-traits"
        for kind, object_id, field, value in rows
    ]
