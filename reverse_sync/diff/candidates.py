"""read: the accounts of account_traits that may need a write, and what is known of each.

Enters: the published copy attached beside the sync state. Leaves: candidates in chunks, and the
count of the rows that need none. Rows whose text has not changed since it was acknowledged never
leave DuckDB. Not here: what is decided about a candidate (decide.py).
"""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from duckdb import BinderException, CatalogException, DuckDBPyConnection

from reverse_sync.diff.candidates_sql import (
    CANDIDATES,
    CONSIDERED,
    DIVIDED,
    FACT_COLUMNS,
    FACTS_TEXT,
)
from reverse_sync.diff.for_store import prepare_rules
from reverse_sync.state.portions import portions
from reverse_sync.state.run import Run, count
from reverse_sync.stores.account_store import AccountStoreError

# What is decided together: so many accounts, of so many characters. Parsed, compared and written
# again they take ten times that.
MOST, ROOM = 5_000, 4 << 20
FETCH = 100  # rows that DuckDB hands over at once
# What DuckDB puts together at once, in bytes of traits: a join holds one of its sides. Each part
# looks through both tables, so there are never more than so many.
PART, PARTS = 32 << 20, 16
# Where several stores share the work, smaller ones, so that each has some of it.
SHARED_PART = 8 << 20


# Counted by itself, as what needs nothing is.
SELECTED = """
    select count(*) from published.main.account_traits
    where (not $1 or account_id in (select account_id from considering.chosen))
        and (
            $2 or account_id in (select account_id from considering.audience)
            or account_id in (select account_id from sync.sync_snapshot)
        )
"""


NUMBERS = "select part, count(*) from considering.candidates group by part order by part"
LEAVE_OUT = """
    insert into considering.left_out
    select candidates.account_id from considering.candidates as candidates
    semi join read_parquet($file) as decided on {the_same}
"""


class PublishedCopyError(AccountStoreError):
    """The published marts cannot be read."""


class UnknownAccount(AccountStoreError):
    """An account that was asked for is not in account_traits."""


class Candidate(NamedTuple):
    """One row of account_traits that may differ, and what is known of the store's side.

    `acknowledged...` is what the store last took, `waiting...` the change that it has not taken,
    `held_lifecycle` what a reconcile has found there.
    """

    account_id: str | None
    name: str | None
    traits: str | None
    source_md5: str | None
    facts: str | None
    due: bool
    copies: int
    is_for_store: bool
    decimals: list[int] | None
    acknowledged_name: str | None
    acknowledged: str | None
    acknowledged_facts: str | None
    held_lifecycle: str | None
    acknowledged_status: str | None
    acknowledged_mrr: str | None
    waiting_status: str | None
    waiting_op: str | None
    waiting_name: str | None
    waiting_traits: str | None
    waiting_changes: list[dict[str, Any]] | None
    waiting_md5: str | None
    waiting_tracking: str | None
    attempts: int
    next_attempt_at: datetime | None


@dataclass(frozen=True)
class Source:
    """account_traits as read: how many rows there are, how many of them are as acknowledged, and
    the others, which may need a write, part by part: how many stand in each."""

    selected: int
    untouched: int
    parts: Mapping[int, int]
    reader: DuckDBPyConnection

    def chunks(self, part: int) -> Iterator[list[Candidate]]:
        """Of those that were not left out."""
        return portions(_rows(self.reader, part), most=MOST, room=ROOM, length=_length)

    def leave_out(self, the_same: str, parameters: Mapping[str, object]) -> None:
        """Those that are decided already, in a file of Parquet."""
        self.reader.execute(LEAVE_OUT.format(the_same=the_same), dict(parameters))


@contextmanager
def read(
    connection: DuckDBPyConnection, marts_path: Path, run: Run, *, part: int = PART
) -> Iterator[Source]:
    """The published account_traits beside the sync state, in parts of so many bytes. It must be
    used up before it ends."""
    with published(connection, marts_path):
        connection.execute("attach ':memory:' as considering")
        try:
            selected = _consider(connection, run, part)
            # Counted by itself, not by subtraction: else a row lost on the way passes as unchanged.
            untouched = "select count(*) from considering.considered where not needed"
            # A cursor of its own, so that the caller can write while rows still come.
            with closing(connection.cursor()) as reader:
                parts = dict(reader.execute(NUMBERS).fetchall())
                yield Source(selected, count(connection, untouched), parts, reader)
        finally:
            connection.execute("detach considering")


@contextmanager
def published(connection: DuckDBPyConnection, marts_path: Path) -> Iterator[None]:
    """The published copy as the database `published`."""
    if not marts_path.is_file():
        raise PublishedCopyError(f"{marts_path} is missing; build and publish the marts first")
    quoted = str(marts_path).replace("'", "''")
    connection.execute(f"attach '{quoted}' as published (read_only)")
    try:
        yield
    finally:
        connection.execute("detach published")


def _consider(connection: DuckDBPyConnection, run: Run, part: int) -> int:
    """Fills the table of rows to look at; how many rows were selected."""
    accounts = run.scope.accounts
    connection.execute("create table considering.chosen (account_id varchar)")
    if accounts is not None:
        connection.execute("insert into considering.chosen select unnest(?)", [list(accounts)])
    parameters: dict[str, object] = {
        "tracking": run.tracking,
        "as_of": run.at,
        "whole": run.scope.whole,
        "chosen": accounts is not None,
        "everyone": run.rules.audience.is_everyone,
        "rules": run.rules.digest,
    }
    _check_columns(connection)
    prepare_rules(connection, run.rules)
    connection.execute(CONSIDERED.format(facts=FACTS_TEXT), parameters)
    connection.execute(DIVIDED, {"part": part, "parts": PARTS})
    connection.execute("create table considering.left_out (account_id varchar)")
    if accounts is not None:
        _check_chosen(connection)
    return count(connection, SELECTED, parameters["chosen"], parameters["everyone"])


def _check_columns(connection: DuckDBPyConnection) -> None:
    """Raises where an older version has published the marts."""
    names = ", ".join(FACT_COLUMNS)
    try:
        connection.execute(f"select {names} from published.main.account_traits limit 0")
    except (BinderException, CatalogException) as error:
        raise PublishedCopyError(
            f"account_traits lacks one of {names}: another version has built it; run"
            " 'stripe-traits sync'"
        ) from error


def _check_chosen(connection: DuckDBPyConnection) -> None:
    unknown = connection.execute(
        "select account_id from considering.chosen where account_id not in"
        " (select account_id from published.main.account_traits where account_id is not null)"
        " order by 1 limit 1"
    ).fetchone()
    if unknown:
        raise UnknownAccount(
            f"account {unknown[0]} is not in account_traits; customers without an account's ID"
            " are in marts.unlinked_customers"
        )


def _rows(reader: DuckDBPyConnection, part: int) -> Iterator[Candidate]:
    reader.execute(CANDIDATES, {"part": part})
    named = tuple(column[0] for column in reader.description or ())
    if named != Candidate._fields:
        raise AssertionError(f"candidates are read as {named}, not as {Candidate._fields}")
    while rows := reader.fetchmany(FETCH):
        yield from map(Candidate._make, rows)


def _length(row: Candidate) -> int:
    return sum(len(text or "") for text in (row.traits, row.acknowledged, row.waiting_traits))
