"""`stripe.*` -> marts -> the published copy, under the writers' lock.

Enters: the settings, `as_of`, a reporter. Leaves: what dbt did, and what was published.
"""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic

import duckdb

from ingestion.merge.warehouse import opened_once
from orchestration.build.node_result import NodeResult
from orchestration.build.scope import BuildKind, BuildScope
from orchestration.build.transform import TransformFailed, find_failure, transform
from orchestration.clock import now
from orchestration.configuration.settings import Settings
from orchestration.locks import lock
from orchestration.publication.mark import published_build
from orchestration.publication.publish import publish, publish_sync
from orchestration.publication.published_file import Copy
from orchestration.stages.alerts import judge_alerts
from orchestration.stages.own_traits import bring_own_traits
from orchestration.stages.segments import judge_segments
from orchestration.terminal.reporter import Reporter
from orchestration.warehouse.memory import again_without_limit, limit_memory, never


@dataclass(frozen=True)
class Built:
    """What was built and why, the rows that were published by mart, and why nothing was, if so; the
    rows of every table in the warehouse, by schema and name. `why_dbt`: None where the text of an
    earlier build was run."""

    results: list[NodeResult]
    published: dict[str, int]
    failure: TransformFailed | None
    is_full: bool
    why: str
    why_dbt: str | None
    publishing: float = 0.0  # seconds
    rows: Mapping[tuple[str, str], int] = field(default_factory=dict)


def transform_stage(
    settings: Settings, reporter: Reporter, *, as_of: datetime, full: bool = False
) -> Built:
    """`stripe.*` -> marts -> `marts.duckdb`, under one lock; nothing where nothing changed.

    Published only if every model and test passed; else `failure` says why and the last good copy
    stands.
    """
    with (
        lock(settings.folder, "transform", reporter),
        closing(Copy(settings.marts)) as copy,
        opened_once(settings.warehouse),
    ):
        made = transform(
            settings, as_of=as_of, full=full, on_node=reporter.built, on_scope=copy.begin_for
        )
        with duckdb.connect(str(settings.warehouse)) as database:
            failure = find_failure(database, made.results)
            began = monotonic()
            judged, scope = False, made.scope
            if not failure:
                if not _is_published(database, copy, scope):
                    scope = bring_own_traits(database, settings, scope)
                judged, scope = judge_segments(database, settings, scope, as_of=as_of)
                judged |= judge_alerts(database, settings, as_of=as_of)
            published = {} if failure else _publish(database, copy, scope)
            if judged and not published:
                publish_sync(database, settings.marts)
            publishing = monotonic() - began
            rows = table_rows(database) if made.results else {}
            return Built(
                made.results,
                published,
                failure,
                is_full=made.scope.kind is BuildKind.FULL,
                why=made.scope.why,
                why_dbt=made.why_dbt,
                publishing=publishing,
                rows=rows,
            )


def table_rows(
    database: duckdb.DuckDBPyConnection, schema: str | None = None
) -> dict[tuple[str, str], int]:
    """Rows of every table, or of those of a schema, by schema and name, counted: DuckDB's estimate
    keeps deleted ones."""
    tables = database.execute(
        "select schema_name, table_name from duckdb_tables()"
        " where database_name = current_database() and not temporary"
        " and schema_name = coalesce($schema, schema_name) order by all",
        {"schema": schema},
    ).fetchall()
    counts = [
        f'select {place}, count(*) from "{schema}"."{name}"'
        for place, (schema, name) in enumerate(tables)
    ]
    found = dict(database.execute(" union all ".join(counts)).fetchall()) if counts else {}
    return {table: found[place] for place, table in enumerate(tables)}


def _is_published(database: duckdb.DuckDBPyConnection, copy: Copy, scope: BuildScope) -> bool:
    return scope.kind is BuildKind.NOTHING and published_build(database, copy.marts) == scope.id


def _publish(database: duckdb.DuckDBPyConnection, copy: Copy, scope: BuildScope) -> dict[str, int]:
    if _is_published(database, copy, scope):
        return {}

    def published() -> dict[str, int]:
        limit_memory(database)
        return publish(
            database, copy.marts, build=scope.id, follows=scope.follows, at=now(), copy=copy
        )

    return again_without_limit(published, fails=never)
