"""account_traits alone, built and published before all other marts, under the writers' lock.

Enters: the settings, `as_of`. Leaves: a published copy whose account_traits is of now and whose
other marts follow; or nothing, where all marts must be built at once. Who calls it owes them.
"""

from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from time import monotonic

import duckdb

from ingestion.merge.warehouse import opened_once
from orchestration.build.account_traits_ahead import build_ahead
from orchestration.build.node_result import NodeResult
from orchestration.build.rerun_build import Doubt
from orchestration.build.scope import decide
from orchestration.configuration.settings import Settings
from orchestration.locks import lock
from orchestration.own_traits import tables
from orchestration.publication.ahead import PublishedAhead, publish_ahead
from orchestration.publication.mark import published_build
from orchestration.publication.published_file import Copy
from orchestration.terminal.logs import FIELDS, log
from orchestration.terminal.reporter import Reporter
from orchestration.warehouse.memory import again_without_limit, limit_memory, never


@dataclass(frozen=True)
class BuiltAhead:
    """What was built, of how many accounts, what was published of it; seconds."""

    results: list[NodeResult]
    accounts: int
    published: PublishedAhead
    publishing: float


def ahead_stage(settings: Settings, reporter: Reporter, *, as_of: datetime) -> BuiltAhead | None:
    """None: it must not go ahead, or nobody knows how."""
    with (
        lock(settings.folder, "transform", reporter),
        closing(Copy(settings.marts)) as copy,
        opened_once(settings.warehouse),
        duckdb.connect(str(settings.warehouse)) as database,
    ):
        if _others_decide(settings, database):
            return None
        try:
            return again_without_limit(
                lambda: _brought(database, settings, copy, as_of), fails=never
            )
        except Doubt as doubt:
            log.info("account_traits does not go ahead", extra={FIELDS: {"why": str(doubt)}})
            return None


def _others_decide(settings: Settings, database: duckdb.DuckDBPyConnection) -> bool:
    """Own traits, and segments that an account store gets to know of, are made of all marts."""
    sent = settings.segments_trait or settings.stores_file.exists()
    return sent or settings.traits_dir is not None or tables.were_there(database)


def _brought(
    database: duckdb.DuckDBPyConnection, settings: Settings, copy: Copy, as_of: datetime
) -> BuiltAhead:
    """Raises Doubt."""
    limit_memory(database)
    scope = decide(database, settings, as_of=as_of)
    if published_build(database, settings.marts) != scope.follows:
        raise Doubt("the published copy is not of the last build")
    copy.begin_for(scope)
    ahead = build_ahead(database, settings, scope, as_of=as_of)
    began = monotonic()
    published = publish_ahead(database, copy, ahead)
    return BuiltAhead(ahead.results, ahead.rebuilt.num_rows, published, monotonic() - began)
