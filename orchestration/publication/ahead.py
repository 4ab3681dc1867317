"""account_traits in the published copy, ahead of all other marts, and brought back in line.

Enters: the warehouse, its marts those of the last whole build; rows that go ahead of them. Leaves:
a copy whose account_traits is of a later moment, and which accounts these are. Nothing of the
warehouse changes, so that what is ahead can always be taken back: account_traits is what the
warehouse holds, but for the accounts that went ahead last.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb

from orchestration.build.account_traits_ahead import Ahead
from orchestration.publication.catalog import Catalog
from orchestration.publication.mark import mark_ahead
from orchestration.publication.marts import count_rows
from orchestration.publication.published_file import Copy, replacing
from orchestration.publication.whole_table import as_published
from reverse_sync.state.published_build import published_build

MART = "account_traits"
PUBLISHED = f"published.main.{MART}"
WENT = "published.publication.ahead"
WENT_BEFORE = f"(select account_id from {WENT})"
BUILT_AGAIN = "(select account_id from intermediate.int_accounts_to_rebuild)"
SAID_OF = f"from {PUBLISHED} where account_id in {WENT_BEFORE} or account_id in {BUILT_AGAIN}"
BEFORE = f"create or replace temp table said_before as {SAID_OF}"
DIFFERS = f"""
with said_now as ({SAID_OF})
select exists (from said_now except all from said_before)
    or exists (from said_before except all from said_now)
"""
# A customer who moved twice since: whose it was in between is nobody's to build again.
TAKEN_BACK = f"select exists (from {WENT} where account_id not in (from ahead_rebuilt))"
AHEAD_OF = "select account_traits_build, account_traits_as_of from published.publication.build"


@dataclass(frozen=True)
class PublishedAhead:
    """`rows` of account_traits in all. `moved`: of all accounts these alone may say something else
    than in the build that account_traits was of `before`; None: others, too, which left it, were
    never in it, or are taken back."""

    rows: int
    before: str | None
    moved: tuple[str, ...] | None


def publish_ahead(database: duckdb.DuckDBPyConnection, copy: Copy, ahead: Ahead) -> PublishedAhead:
    """Into a copy that is of the build that it follows."""
    database.register("ahead_rows", ahead.rows)
    database.register("ahead_rebuilt", ahead.rebuilt)
    with replacing(database, copy.marts, copy):
        catalog, before = Catalog(database), published_build(database).id
        moved = _moved(database, catalog, ahead)
        _take_back(database, catalog)
        database.execute(f"delete from {PUBLISHED} where account_id in (from ahead_rebuilt)")
        rows = as_published(database, catalog, "ahead_rows", MART)
        database.execute(f"insert into {PUBLISHED} by name {rows}")
        database.execute(f"create or replace table {WENT} as from ahead_rebuilt")
        mark_ahead(database, ahead.id, ahead.as_of)
        return PublishedAhead(count_rows(database, PUBLISHED), before, moved)


def _moved(
    database: duckdb.DuckDBPyConnection, catalog: Catalog, ahead: Ahead
) -> tuple[str, ...] | None:
    moved = set(ahead.rows.column("account_id").to_pylist())
    if len(moved) < ahead.rebuilt.num_rows:
        return None
    if catalog.published("ahead", "publication"):
        [(others,)] = database.execute(TAKEN_BACK).fetchall()
        if others:
            return None
    return tuple(sorted(moved))


@contextmanager
def in_line(database: duckdb.DuckDBPyConnection, catalog: Catalog) -> Iterator[None]:
    """The block brings all marts to one build, and marks the copy with it. Where account_traits
    says what it said when it was ahead, it stays marked as that build's: the account store has it.
    """
    if not catalog.published("ahead", "publication"):
        yield
        return
    [ahead] = database.execute(AHEAD_OF).fetchall()
    database.execute(BEFORE)
    _take_back(database, catalog)
    yield
    if database.execute(DIFFERS).fetchall() == [(False,)]:
        mark_ahead(database, *ahead)
    database.execute(f"drop table {WENT}")


def _take_back(database: duckdb.DuckDBPyConnection, catalog: Catalog) -> None:
    """What went ahead is what the warehouse holds."""
    if catalog.published("ahead", "publication"):
        rows = f"(from marts.{MART} where account_id in {WENT_BEFORE})"
        fresh = as_published(database, catalog, rows, MART)
        database.execute(f"delete from {PUBLISHED} where account_id in {WENT_BEFORE}")
        database.execute(f"insert into {PUBLISHED} by name {fresh}")
