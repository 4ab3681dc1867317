"""What the published copy says of segments, and how many accounts fulfil one now.

Enters: a published copy, a segment. Leaves: rows. Where no refresh has judged segments yet, there
are none.
"""

from typing import Any

from report.published import Copy, NothingPublished
from report.segments.condition_sql import compiled
from report.segments.definition import Segment
from report.segments.schema import TABLES
from report.sql import query

PUBLISHED, ACCOUNTS = "main", "accounts"


def judged(copy: Copy, name: str, **parameters: Any) -> list[dict[str, Any]]:
    """The answer to `queries/segments/<name>.sql`."""
    there = {*TABLES} <= set(copy.tables)
    return copy.rows(query(f"segments/{name}"), parameters) if there else []


def summaries(copy: Copy) -> list[dict[str, Any]]:
    """All segments, each with its MRR by currency, and by how much that moved."""
    rows, amounts = judged(copy, "list"), judged(copy, "mrr", segment=None)
    for row in rows:
        own = [one for one in amounts if one["segment"] == row["segment"]]
        for figure in ("mrr", "mrr_change_30_days"):
            row[figure] = {one["currency"]: one[figure] for one in own}
    return rows


def count(copy: Copy, segment: Segment) -> int:
    """Accounts that fulfil its conditions at the `as_of` of the copy. Raises WrongFilter,
    NothingPublished."""
    [build] = copy.rows(query("shared/build"))
    if ACCOUNTS not in copy.tables or "as_of" not in build:
        raise NothingPublished("an older version has published the marts: run stripe-traits sync")
    made = compiled(segment.where, copy.tables, build["as_of"])
    text = f"select count(*) as accounts from ({made.members(PUBLISHED)})"
    [row] = copy.rows(text, made.parameters)
    return int(row["accounts"])
