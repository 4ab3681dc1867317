"""The saved segments, judged on the marts that were built.

Enters: the settings, the warehouse, `as_of`. Leaves: members in the warehouse's `segments`. Wrong
segments stop no refresh: they are told, and everybody in a segment stays in it.
"""

from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

import duckdb

from orchestration.build.last_build import last_build, renew
from orchestration.build.scope import BuildKind, BuildScope
from orchestration.configuration.settings import Settings
from orchestration.terminal.logs import log
from report.segments import membership
from report.segments.definition import Segment, WrongSegment
from report.segments.kept import kept_segments
from report.segments.schema import exist
from report.segments.segments_file import read

NONE = "'segments: []'"


def segments_due(
    database: duckdb.DuckDBPyConnection, settings: Settings, *, as_of: datetime
) -> str | None:
    """Why segments must be judged although no mart changed; None: they need not be."""
    saved = _saved(database, settings)
    return None if saved is None else membership.why_due(database, saved, _naive(as_of))


def judge_segments(
    database: duckdb.DuckDBPyConnection, settings: Settings, scope: BuildScope, *, as_of: datetime
) -> tuple[bool, BuildScope]:
    """Bring the members to the marts; whether anything was judged, and what is to be published.

    Where members moved and no mart did, what is sent by segments is another build's: in one
    transaction with the members, so that a crash between here and the publication loses nothing.
    """
    saved = _saved(database, settings)
    if saved is None or not (saved or exist(database)):
        return False, scope
    is_news = _are_sent(settings) and scope.kind is BuildKind.NOTHING
    moved = {"on_moved": partial(renew, database)} if is_news else {}
    try:
        found = membership.judge(database, saved, _naive(as_of), **moved)
    except duckdb.Error as error:  # a value of a customer's may stand in DuckDB's words
        log.warning(f"segments are not judged: {type(error).__name__}")
        return False, scope
    for name, problem in found.items():
        if problem:
            log.warning(f"segment '{name}' keeps the members that it had: {problem}")
    return True, _renewed(database, scope)


def _are_sent(settings: Settings) -> bool:
    """Whether what an account store holds depends on who is in a segment."""
    return settings.segments_trait or settings.stores_file.exists()


def _renewed(database: duckdb.DuckDBPyConnection, scope: BuildScope) -> BuildScope:
    last = last_build(database)
    if last is None or last.id is None or last.id == scope.id:
        return scope
    return replace(scope, id=last.id, follows=scope.id)


def _saved(database: duckdb.DuckDBPyConnection, settings: Settings) -> list[Segment] | None:
    """None: they are not known. So it is where the file of segments that were judged is gone."""
    path = settings.segments_file
    if not path.exists() and kept_segments(database):
        log.warning(
            f"segments are not judged: {path} is gone; bring it back, or write {NONE} to it"
        )
        return None
    try:
        return read(path)
    except (WrongSegment, OSError) as error:
        log.warning(f"segments are not judged: {error}")
        return None


def _naive(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)
