"""read: the accounts of account_traits that may need a write, and the decision for each.

In: the published copy attached beside the sync state. Out: candidates, each with what was last
acknowledged; `decide` turns one into a planned write, a reason to keep it out, or nothing.
Rows whose text has not changed since it was acknowledged never leave DuckDB.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from duckdb import DuckDBPyConnection

from reverse_sync.account_store import AccountStoreError
from reverse_sync.diff import after, diff
from reverse_sync.state import Run, count
from reverse_sync.traits import (
    NAMESPACE,
    InvalidTraits,
    Traits,
    canonical,
    canonical_value,
    parse_traits,
)

MAX_ID_LENGTH = 255
FETCH = 2_000

JOINED = """
    with duplicates as (
        select account_id, count(*) as copies
        from published.marts.account_traits
        group by account_id
        having count(*) > 1
    ),

    unresolved as (
        select account_id, op, traits, changes
        from sync.outbox
        where status in ('pending', 'rejected')
    ),

    source as (
        select account_id, name, traits::varchar as traits, md5(traits::varchar) as source_md5
        from published.marts.account_traits
    ),

    joined as (
        select
            source.*,
            snapshot.name as acknowledged_name,
            snapshot.traits as acknowledged,
            unresolved.op as pending_op,
            unresolved.traits as pending_traits,
            unresolved.changes as pending_changes,
            coalesce(snapshot.tracking <> $tracking or snapshot.review_at <= $as_of, false) as due,
            coalesce(duplicates.copies, 1) as copies,
            snapshot.account_id is null
            or snapshot.source_md5 is distinct from source.source_md5
            or snapshot.name is distinct from source.name
            or unresolved.account_id is not null as differs
        from source
        left join sync.sync_snapshot as snapshot on source.account_id = snapshot.account_id
        left join unresolved on source.account_id = unresolved.account_id
        left join duplicates on source.account_id is not distinct from duplicates.account_id
    )
"""

CANDIDATES = JOINED + "select * exclude (differs) from joined where differs or due or copies > 1"
# Counted by itself, not by subtraction: else a row lost on the way would pass as unchanged.
UNTOUCHED = JOINED + "select count(*) from joined where not (differs or due or copies > 1)"


class PublishedCopyError(AccountStoreError):
    """The published marts cannot be read."""


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One row of account_traits that may differ, and what is known of the store's side."""

    account_id: str | None
    name: str | None
    traits: str | None
    source_md5: str | None
    acknowledged_name: str | None
    acknowledged: str | None
    pending_op: str | None
    pending_traits: str | None
    pending_changes: list[dict[str, Any]] | None
    due: bool
    copies: int


@dataclass(frozen=True, kw_only=True)
class Planned:
    """One account's row for the outbox."""

    account_id: str
    op: str
    name: str | None
    traits: str
    changes: tuple[dict[str, str | None], ...]
    source_md5: str
    traits_set: int
    traits_cleared: int


@dataclass(frozen=True)
class Invalid:
    """An account that is kept out, and why."""

    account_id: str | None
    reason: str


@dataclass(frozen=True)
class Unchanged:
    """An account whose text differs but whose values do not."""

    account_id: str
    source_md5: str


Decision = Planned | Invalid | Unchanged


@dataclass(frozen=True)
class Source:
    """account_traits as read: how many rows there are, how many of them are as acknowledged, and
    the others, which may need a write, in chunks."""

    selected: int
    untouched: int
    chunks: Iterator[list[Candidate]]


@contextmanager
def read(connection: DuckDBPyConnection, marts_path: Path, run: Run) -> Iterator[Source]:
    """The published account_traits beside the sync state. It must be used up before it ends."""
    if not marts_path.is_file():
        raise PublishedCopyError(f"{marts_path} is missing; build and publish the marts first")
    quoted = str(marts_path).replace("'", "''")
    connection.execute(f"attach '{quoted}' as published (read_only)")
    try:
        selected = count(connection, "select count(*) from published.marts.account_traits")
        row = connection.execute(UNTOUCHED, _parameters(run)).fetchone()
        # A cursor of its own, so that the caller can write while rows still come.
        with closing(connection.cursor()) as reader:
            yield Source(selected, row[0] if row else 0, _chunks(reader, run))
    finally:
        connection.execute("detach published")


def _chunks(reader: DuckDBPyConnection, run: Run) -> Iterator[list[Candidate]]:
    names = Candidate.__dataclass_fields__
    reader.execute(CANDIDATES, _parameters(run))
    while rows := reader.fetchmany(FETCH):
        yield [Candidate(**dict(zip(names, row, strict=True))) for row in rows]


def _parameters(run: Run) -> dict[str, object]:
    return {"tracking": run.tracking, "as_of": run.at}


def decide(candidate: Candidate) -> Decision:
    """What is to be done about one candidate."""
    try:
        _check_identity(candidate)
        return _planned_or_unchanged(candidate, _current_traits(candidate))
    except InvalidTraits as error:
        return Invalid(candidate.account_id, str(error))


def _planned_or_unchanged(candidate: Candidate, current: Traits) -> Decision:
    account_id, source_md5 = candidate.account_id or "", candidate.source_md5 or ""
    acknowledged = parse_traits(candidate.acknowledged) if candidate.acknowledged else {}
    change = diff(acknowledged, current, uncertain=_uncertain(candidate))
    create = candidate.acknowledged is None
    renamed = candidate.name != candidate.acknowledged_name
    if not (change or create or renamed or candidate.due or candidate.pending_op):
        return Unchanged(account_id, source_md5)
    new = {**change.set, **dict.fromkeys(change.unset)}
    # An account's first write sends every trait it has: only what it clears needs a list.
    listed = change.unset if create else sorted(new)
    return Planned(
        account_id=account_id,
        op="create" if create else "update",
        name=candidate.name,
        traits=canonical(after(acknowledged, current)),
        changes=tuple(_change(trait, acknowledged, new) for trait in listed),
        source_md5=source_md5,
        traits_set=len(change.set),
        traits_cleared=len(change.unset),
    )


def _change(trait: str, acknowledged: Traits, new: Traits) -> dict[str, str | None]:
    old, value = acknowledged.get(trait), new[trait]
    return {
        "trait": trait,
        "old": None if old is None else canonical_value(old),
        "new": None if value is None else canonical_value(value),
    }


def _uncertain(candidate: Candidate) -> frozenset[str]:
    """Traits that an earlier write without success may or may not have changed in the store.

    A refused write changed nothing, but it took over what an unanswered one had left open.
    """
    if candidate.pending_op is None:
        return frozenset()
    touched = {change["trait"] for change in candidate.pending_changes or []}
    if candidate.pending_op == "create":
        sent = parse_traits(candidate.pending_traits or "{}")
        touched |= {trait for trait, value in sent.items() if value is not None}
    return frozenset(touched)


def _check_identity(candidate: Candidate) -> None:
    account_id = candidate.account_id
    if account_id is None or not account_id.strip():
        raise InvalidTraits("account_id is blank: an account without a link is never sent")
    if len(account_id) > MAX_ID_LENGTH:
        raise InvalidTraits(f"account_id is longer than {MAX_ID_LENGTH} characters")
    if candidate.copies > 1:
        raise InvalidTraits(f"account_id appears {candidate.copies} times in account_traits")


def _current_traits(candidate: Candidate) -> Traits:
    if candidate.traits is None:
        raise InvalidTraits("traits are null")
    current = parse_traits(candidate.traits)
    foreign = next((trait for trait in current if not trait.startswith(NAMESPACE)), None)
    if foreign is not None:
        raise InvalidTraits(f"trait {foreign} is outside {NAMESPACE}, which alone is ours to write")
    return current
