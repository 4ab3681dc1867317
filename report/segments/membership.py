"""Who is in a segment, and since when: judged at `as_of`, kept in the warehouse's `segments`.

Enters: the built marts, the saved segments, `as_of`. Leaves: the tables of `schema`. What cannot be
judged keeps the members it had, and says why. Nothing is judged at a moment before the last one.
"""

import json
from collections.abc import Sequence
from datetime import datetime

import duckdb

from report.filters.tree import WrongFilter, node_data
from report.segments.condition_sql import Tables, compiled
from report.segments.definition import Segment
from report.segments.schema import CREATE, columns, exist
from report.segments.stays import bring, end

MARTS = "marts"


def why_due(
    database: duckdb.DuckDBPyConnection, saved: Sequence[Segment], as_of: datetime
) -> str | None:
    """Why the saved segments must be judged although no mart changed; None: they need not be.

    `as_of` is naive UTC. Conditions on time hold from one UTC day to the next.
    """
    kept = _kept(database)
    if {name: definition for name, (definition, _) in kept.items()} != _definitions(saved):
        return "the saved segments changed"
    judged = [at for _, at in kept.values() if at]
    if judged and as_of.date() > max(judged).date():
        return "a day began, and segments depend on it"
    return None


def judge(
    database: duckdb.DuckDBPyConnection, saved: Sequence[Segment], as_of: datetime
) -> dict[str, str | None]:
    """Bring the members to the marts and `as_of` (naive UTC), all of it or nothing; by segment why
    it could not be judged, if so."""
    database.execute("begin")
    try:
        database.execute(CREATE)
        kept, tables = _kept(database), columns(database, MARTS)
        if any(at and at > as_of for _, at in kept.values()):
            database.execute("rollback")
            return {}
        for name in set(kept) - {one.name for one in saved}:
            end(database, name, as_of)
        before = {name: at for name, (_, at) in kept.items()}
        found = {one.name: _judge(database, one, tables, as_of) for one in saved}
        _note(database, saved, found, before, as_of)
        database.execute("commit")
    except BaseException:
        database.execute("rollback")
        raise
    return found


def _judge(
    database: duckdb.DuckDBPyConnection, segment: Segment, tables: Tables, as_of: datetime
) -> str | None:
    """Why it could not be, if so."""
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
    bring(database, segment.name, as_of)
    return None


def _note(
    database: duckdb.DuckDBPyConnection,
    saved: Sequence[Segment],
    problems: dict[str, str | None],
    before: dict[str, datetime | None],
    as_of: datetime,
) -> None:
    database.execute("delete from segments.segments")
    for one in saved:
        problem = problems[one.name]
        database.execute(
            "insert into segments.segments select $1, $2, $3, count(*), $4, $5"
            " from segments.segment_members where segment = $1 and left_at is null",
            [
                one.name,
                one.description,
                _definition(one),
                before.get(one.name) if problem else as_of,
                problem,
            ],
        )


def _definition(segment: Segment) -> str:
    return json.dumps(node_data(segment.where))


def _definitions(saved: Sequence[Segment]) -> dict[str, tuple[str, str]]:
    return {one.name: (one.description, _definition(one)) for one in saved}


def _kept(
    database: duckdb.DuckDBPyConnection,
) -> dict[str, tuple[tuple[str, str], datetime | None]]:
    """Of each segment that was judged what it was, and when."""
    if not exist(database):
        return {}
    rows = database.execute(
        "select segment, description, definition, judged_at from segments.segments"
    ).fetchall()
    return {name: ((description, definition), at) for name, description, definition, at in rows}
