"""Who is in a segment, and since when: judged at `as_of`, kept in the warehouse's `segments`.

Enters: the built marts, the saved segments, `as_of`. Leaves: the tables of `schema`. What cannot be
judged keeps the members it had, and says why. Nothing is judged at a moment before the last one.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import duckdb

from report.filters.tree import WrongFilter
from report.segments.condition_sql import Tables, compiled
from report.segments.definition import Segment
from report.segments.kept import Kept, definition, kept_segments, note
from report.segments.schema import CREATE, columns, exist
from report.segments.stays import bring, end

MARTS = "marts"


def _nothing() -> None:
    """Nobody asks."""


def why_due(
    database: duckdb.DuckDBPyConnection, saved: Sequence[Segment], as_of: datetime
) -> str | None:
    """Why the saved segments must be judged although no mart changed; None: they need not be.

    `as_of` is naive UTC. Conditions on time hold from one UTC day to the next.
    """
    kept = kept_segments(database)
    before = {name: (one.description, one.definition) for name, one in kept.items()}
    if before != {one.name: (one.description, definition(one)) for one in saved}:
        return "the saved segments changed"
    judged = [one.judged_at for one in kept.values() if one.judged_at]
    if judged and as_of.date() > max(judged).date():
        return "a day began, and segments depend on it"
    return None


def judge(
    database: duckdb.DuckDBPyConnection,
    saved: Sequence[Segment],
    as_of: datetime,
    on_moved: Callable[[], None] = _nothing,
) -> dict[str, str | None]:
    """Bring the members to the marts and `as_of` (naive UTC), all of it or nothing; by segment why
    it could not be judged, if so. `on_moved` is called within it the first time, and where an
    account came or left."""
    database.execute("begin")
    try:
        is_first = not exist(database)
        database.execute(CREATE)
        kept = kept_segments(database)
        if any(one.judged_at and one.judged_at > as_of for one in kept.values()):
            database.execute("rollback")
            return {}
        found, moved = _judge_all(database, saved, kept, as_of)
        if moved or is_first:
            on_moved()
        note(database, saved, found, kept, as_of)
        database.execute("commit")
    except BaseException:
        database.execute("rollback")
        raise
    return found


def _judge_all(
    database: duckdb.DuckDBPyConnection,
    saved: Sequence[Segment],
    kept: Mapping[str, Kept],
    as_of: datetime,
) -> tuple[dict[str, str | None], int]:
    """By segment why it could not be judged, if so, and how many accounts came and left."""
    gone = kept.keys() - {one.name for one in saved}
    moved = sum(end(database, name, as_of) for name in sorted(gone))
    tables = columns(database, MARTS)
    found: dict[str, str | None] = {}
    for one in saved:
        found[one.name] = problem = _judge(database, one, tables, as_of)
        if not problem:
            before = kept.get(one.name)
            is_known = before is not None and before.was_judged_as(one)
            moved += bring(database, one.name, as_of, is_known=is_known)
    return found, moved


def _judge(
    database: duckdb.DuckDBPyConnection, segment: Segment, tables: Tables, as_of: datetime
) -> str | None:
    """Who fulfils it now, in the table `judged`; why that cannot be told, if so."""
    try:
        made = compiled(segment.where, tables, as_of)
    except WrongFilter as error:
        return str(error)
    members = made.members(MARTS)
    database.execute(f"set search_path = '{MARTS}'")  # a field may ask another mart
    try:
        database.execute(f"create or replace temp table judged as {members}", made.parameters)
    finally:
        database.execute("reset search_path")
    return None
