"""What is not to be had: noted in `missing_objects`, asked for again, found at last.

Enters: refusals of Stripe's, and what came all the same. Leaves: rows of that table. A key that
lacks a permission is mended by people, so an object is soon asked for again, then more rarely.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from ingestion.engines.guard import SCHEMA
from ingestion.merge.warehouse import Landing
from ingestion.references.named import Referrer, landed_since
from ingestion.stripe_api.event_types import Pointer
from ingestion.stripe_api.reader import Page, utc_now

TABLE = "missing_objects"
REFUSED, GONE = "refused", "gone"
AT_ONCE = 3  # attempts, each by the next load
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=6)


@dataclass(frozen=True)
class Note:
    """Of one object: why it is not to be had, how often it was asked for, when it is again."""

    named_by: str
    named_in: str
    problem: str
    detail: str | None
    attempts: int
    due_at: datetime | None
    read_at: datetime


class Notes:
    """The open notes of one Stripe account."""

    def __init__(self, landing: Landing) -> None:
        self._landing = landing
        self._open = _read(landing)

    def __contains__(self, pointer: Pointer) -> bool:
        return pointer in self._open

    def due(self, *, all_refused: bool) -> list[Pointer]:
        """What is to be asked for again; what is gone never is."""
        now = utc_now()
        return sorted(
            pointer
            for pointer, note in self._open.items()
            if note.due_at and (all_refused or note.due_at <= now)
        )

    def lines(self) -> list[str]:
        """For readers who may not open the warehouse."""
        return sorted(
            f"{stream} {one}: named by {note.named_by} of {note.named_in}: {note.detail}"
            for (stream, one), note in self._open.items()
        )

    def write(
        self,
        lost: Mapping[Pointer, tuple[str, str]],
        referrers: Mapping[Pointer, Referrer],
        came: Iterable[Pointer] = (),
    ) -> None:
        """Note what is `lost` (problem and detail), and which of the noted ones came or landed."""
        open_ones = {pointer: note.read_at for pointer, note in self._open.items()}
        landed = landed_since(self._landing, open_ones)
        found = sorted({*landed, *came} & open_ones.keys() - lost.keys())
        entries = [_entry(one, self._open[one]) | {"found_at": _unix(utc_now())} for one in found]
        entries += [
            _entry(one, self._noted(one, referrers[one], *why))
            for one, why in sorted(lost.items())
            if one in referrers
        ]
        if entries:
            read_at = max(utc_now(), self._landing.loaded_at)
            self._landing.merge(iter([Page(TABLE, entries, read_at)]))
            self._open = _read(self._landing)

    def _noted(self, pointer: Pointer, referrer: Referrer, problem: str, detail: str) -> Note:
        known = self._open.get(pointer)
        attempts = known.attempts + 1 if known else 1
        due = None if problem == GONE else utc_now() + wait(attempts)
        return Note(referrer.column, referrer.row_id, problem, detail, attempts, due, utc_now())


def wait(attempts: int) -> timedelta:
    """Until an object that was refused so many times is asked for again."""
    if attempts <= AT_ONCE:
        return timedelta()
    doublings = min(attempts - AT_ONCE - 1, 10)
    return min(FIRST_WAIT * (1 << doublings), LONGEST_WAIT)


def _read(landing: Landing) -> dict[Pointer, Note]:
    if TABLE not in landing.tables():
        return {}
    rows = landing.query(
        "select stream, object_id, named_by, named_in, problem, detail, attempts, due_at, read_at"
        f" from {SCHEMA}.{TABLE} where stripe_account_id = $account and found_at is null",
        TABLE,
    )
    return {(row[0], row[1]): Note(*row[2:]) for row in rows}


def _entry(pointer: Pointer, note: Note) -> dict[str, Any]:
    stream, object_id = pointer
    return {
        "id": f"{stream}:{object_id}",
        "stream": stream,
        "object_id": object_id,
        "named_by": note.named_by,
        "named_in": note.named_in,
        "problem": note.problem,
        "detail": note.detail,
        "attempts": note.attempts,
        "due_at": note.due_at and _unix(note.due_at),
    }


def _unix(moment: datetime) -> int:
    return int(moment.replace(tzinfo=UTC).timestamp())
