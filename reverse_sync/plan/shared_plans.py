"""What is decided for one store stands for others that were told nothing and have the same rules.

Enters: a folder that several deliveries share, a run, the parts of its candidates. Leaves: each
part in its turn: decided already, or to be decided here, for all of them. Of an account that a
store was never told of nothing but the published copy, the rules and the moment decides. Whoever
dies leaves its part to the next one: the kernel frees its lock.
"""

import fcntl
import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from duckdb import DuckDBPyConnection

from reverse_sync.diff.candidates import Source
from reverse_sync.plan.outbox_rows import PLANNED_COLUMNS
from reverse_sync.state.published_build import published_build
from reverse_sync.state.run import Run

TOLD_NOTHING = """
    select not exists (from sync.sync_snapshot) and not exists (from sync.outbox)
        and not exists (from sync.dead_letters)
"""
# Candidates are divided in the order of their ids: what stands elsewhere is passed over unread.
BOUNDS = """
    select min(account_id), max(account_id) from considering.candidates where part = $part
"""
KEEP = """
    copy (
        select {columns} from sync.outbox
        semi join (from considering.candidates where part = {part}) using (account_id)
        where version = {version} and op = 'create' and account_id between {first} and {last}
    ) to {file} (format parquet)
"""
ADOPT = """
    insert into sync.outbox by name
    select
        decided.*, $version as version, $run_id as run_id, $tracking as tracking,
        'pending' as status, $at as planned_at
    from read_parquet($file) as decided
    semi join considering.candidates as candidates on {the_same}
"""
COUNTED = """
    select count(*), coalesce(sum(traits_set), 0), coalesce(sum(traits_cleared), 0)
    from read_parquet($file) as decided
    semi join considering.candidates as candidates on {the_same}
"""
THE_SAME = """
    decided.account_id = candidates.account_id and decided.source_md5 = candidates.source_md5
    and decided.name is not distinct from candidates.name
    and candidates.part = $part and candidates.copies = 1
    and candidates.is_for_store and not candidates.due
"""


@dataclass(frozen=True)
class Turn:
    """A part of the candidates. `decided`: where its accounts stand; None: they are to be decided,
    and kept in `file`; neither: nobody else asks."""

    part: int
    decided: Path | None = None
    file: Path | None = None


def turns(
    connection: DuckDBPyConnection, run: Run, folder: Path | None, parts: Sequence[int]
) -> Iterator[Turn]:
    """Each part once; first those that nobody else is deciding now."""
    if folder is None or not _may_share(connection, run):
        yield from map(Turn, parts)
        return
    key = _key(connection, run)
    files = {part: folder / f"{key}-{part}.parquet" for part in parts}
    busy = []
    for part, file in files.items():
        with _locked(file, wait=False) as is_ours:
            if is_ours and not file.exists():
                yield Turn(part, file=file)
            else:
                busy.append(part)
    for part in busy:
        yield from _after_others(part, files[part])


def _after_others(part: int, file: Path) -> Iterator[Turn]:
    with _locked(file, wait=True):
        if not file.exists():  # who had it is gone
            yield Turn(part, file=file)
            return
    yield Turn(part, decided=file)


def adopt(connection: DuckDBPyConnection, run: Run, source: Source, turn: Turn) -> Counter[str]:
    """What others have decided, as rows of this run's outbox; the plan's counts of them."""
    if turn.decided is None:
        return Counter()
    the_same, file = THE_SAME, {"file": str(turn.decided), "part": turn.part}
    own = {"version": run.version, "run_id": run.run_id, "tracking": run.tracking, "at": run.at}
    connection.execute(ADOPT.format(the_same=the_same), {**file, **own})
    [row] = connection.execute(COUNTED.format(the_same=the_same), file).fetchall()
    counted = dict(zip(("sent", "traits_set", "traits_cleared"), map(int, row), strict=True))
    if counted["sent"] < source.parts[turn.part]:
        source.leave_out(the_same, file)
    return Counter(counted | {"creates": counted["sent"]})


def keep(connection: DuckDBPyConnection, run: Run, turn: Turn) -> None:
    """What was decided of a part, for the others; nothing where nobody asks."""
    if turn.file is None:
        return
    fresh = turn.file.with_suffix(".tmp")
    [(first, last)] = connection.execute(BOUNDS, {"part": turn.part}).fetchall()
    kept = KEEP.format(
        columns=", ".join((*PLANNED_COLUMNS, "length")),
        part=turn.part,
        version=run.version,
        first=_quoted(first or ""),
        last=_quoted(last or ""),
        file=_quoted(str(fresh)),
    )
    connection.execute(kept)
    fresh.replace(turn.file)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _may_share(connection: DuckDBPyConnection, run: Run) -> bool:
    [(is_new,)] = connection.execute(TOLD_NOTHING).fetchall()
    is_everything = run.scope.accounts is None and not run.scope.whole
    return bool(is_new) and is_everything and run.kind == "sync"


def _key(connection: DuckDBPyConnection, run: Run) -> str:
    """All that decides beside an account's own row."""
    known = (published_build(connection), run.rules.digest, run.tracking, run.mode, run.at)
    return hashlib.sha256(repr(known).encode()).hexdigest()[:24]


@contextmanager
def _locked(file: Path, *, wait: bool) -> Iterator[bool]:
    """Whether it is ours until the block ends."""
    with file.with_suffix(".lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
            return
        yield True
