"""Which build the published copy is of, and when it was published.

Enters: the warehouse connection with the published copy attached. Leaves: what the copy says of
itself.
"""

from dataclasses import dataclass
from datetime import datetime

from duckdb import DuckDBPyConnection


@dataclass(frozen=True)
class PublishedBuild:
    """`id` of the build, `published_at` naive UTC; None: the copy does not say."""

    id: str | None = None
    published_at: datetime | None = None


def published_build(connection: DuckDBPyConnection) -> PublishedBuild:
    """A copy of an older version says less, and one that nobody published says nothing."""
    columns = connection.execute(
        "select column_name from duckdb_columns() where database_name = 'published'"
        " and schema_name = 'publication' and table_name = 'build'"
    ).fetchall()
    known = [name for (name,) in columns if name in ("id", "published_at")]
    if not known:
        return PublishedBuild()
    query = f"select {', '.join(known)} from published.publication.build"
    rows = connection.execute(query).fetchall()  # to its end, so that the connection is free again
    return PublishedBuild(**dict(zip(known, rows[0] if rows else (), strict=False)))
