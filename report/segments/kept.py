"""What is kept of each segment between two judgements: by which conditions it was judged, and when.

Enters: the warehouse. Leaves: rows of `segments.segments`.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb

from report.filters.tree import node_data
from report.segments.definition import Segment
from report.segments.schema import exist


@dataclass(frozen=True)
class Kept:
    """A segment as it was judged the last time."""

    description: str
    definition: str
    judged_at: datetime | None
    problem: str | None

    def was_judged_as(self, segment: Segment) -> bool:
        """By the same conditions: what has a problem keeps the members of some earlier ones."""
        return self.problem is None and self.definition == definition(segment)


def note(
    database: duckdb.DuckDBPyConnection,
    saved: Sequence[Segment],
    problems: dict[str, str | None],
    kept: Mapping[str, Kept],
    as_of: datetime,
) -> None:
    """What became of each saved segment in this judgement."""
    database.execute("delete from segments.segments")
    for one in saved:
        problem = problems[one.name]
        database.execute(
            "insert into segments.segments select $1, $2, $3, count(*), $4, $5"
            " from segments.segment_members where segment = $1 and left_at is null",
            [
                one.name,
                one.description,
                definition(one),
                (kept[one.name].judged_at if one.name in kept else None) if problem else as_of,
                problem,
            ],
        )


def definition(segment: Segment) -> str:
    """Its conditions as they are kept."""
    return json.dumps(node_data(segment.where))


def kept_segments(database: duckdb.DuckDBPyConnection) -> dict[str, Kept]:
    """By name; none where nothing was judged."""
    if not exist(database):
        return {}
    rows = database.execute(
        "select segment, description, definition, judged_at, problem from segments.segments"
    ).fetchall()
    return {name: Kept(*rest) for name, *rest in rows}
