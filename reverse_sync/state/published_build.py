"""Which build the published copy is of, and when it was published.

Enters: the warehouse connection with the published copy attached. Leaves: what the copy says of
itself.
"""

from dataclasses import dataclass
from datetime import datetime

from duckdb import DuckDBPyConnection

QUERY = """
select
    coalesce(said ->> 'account_traits_build', said ->> 'id'),
    (said ->> 'published_at')::timestamp
from (select to_json(build) as said from published.publication.build as build)
"""


@dataclass(frozen=True)
class PublishedBuild:
    """`id` of the build that account_traits is of, `published_at` naive UTC; None: the copy does
    not say."""

    id: str | None = None
    published_at: datetime | None = None


def published_build(connection: DuckDBPyConnection) -> PublishedBuild:
    """A copy of an older version says less, and one that nobody published says nothing."""
    there = connection.execute(
        "select 1 from duckdb_tables() where database_name = 'published'"
        " and schema_name = 'publication' and table_name = 'build'"
    ).fetchall()
    # To its end, so that the connection is free again.
    rows = connection.execute(QUERY).fetchall() if there else []
    return PublishedBuild(*rows[0]) if rows else PublishedBuild()
