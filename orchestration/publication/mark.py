"""Which build the published copy is of: what it says of itself, in `publication.build`.

Enters: the warehouse with the new copy attached as `published`. Leaves: one row. `id` and `as_of`
are of all marts; `account_traits_build` and `account_traits_as_of` of account_traits, which may go
ahead of them.
"""

from datetime import UTC, datetime
from pathlib import Path

import duckdb

from orchestration.publication.catalog import Catalog
from orchestration.publication.published_file import quoted
from orchestration.publication.whole_table import built_with

MARK = """
create or replace table published.publication.build as
select
    $build::varchar as id,
    $at::timestamp as published_at,
    $mode::boolean as multiple_subscriptions,
    $as_of::timestamp as as_of,
    $build::varchar as account_traits_build,
    $as_of::timestamp as account_traits_as_of
"""
MARK_AHEAD = """
create or replace table published.publication.build as
select
    columns(lambda name: name not in ('account_traits_build', 'account_traits_as_of')),
    $build::varchar as account_traits_build,
    $as_of::timestamp as account_traits_as_of
from published.publication.build
"""


def published_build(database: duckdb.DuckDBPyConnection, marts: Path) -> str | None:
    """The id of the build that the published copy is of; None where that is not known."""
    if not marts.exists():
        return None
    database.execute(f"attach {quoted(marts)} as last_published (read_only)")
    try:
        row = database.execute("select id from last_published.publication.build").fetchone()
    except (duckdb.CatalogException, duckdb.BinderException):  # nothing, or an older version's
        return None
    finally:
        database.execute("detach last_published")
    return row[0] if row else None


def mark(
    database: duckdb.DuckDBPyConnection, catalog: Catalog, build: str | None, at: datetime | None
) -> None:
    """Of the build its mode, because traits of another one must not be read by it, and its `as_of`,
    from which readers measure what is near. `at` is aware."""
    database.execute(
        MARK,
        {
            "build": build,
            "at": at.astimezone(UTC).replace(tzinfo=None) if at else None,
            "mode": built_with(database, catalog, "multiple_subscriptions"),
            "as_of": built_with(database, catalog, "as_of"),
        },
    )


def mark_ahead(database: duckdb.DuckDBPyConnection, build: str, as_of: datetime) -> None:
    """account_traits is of another build than all else; when that was published stays true.
    `as_of` is naive UTC."""
    database.execute(MARK_AHEAD, {"build": build, "as_of": as_of})
