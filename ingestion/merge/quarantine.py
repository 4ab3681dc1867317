"""Objects that fit no known shape: kept out one by one, while the others of their page go on.

Enters: pages, and what is in quarantine. Leaves: landing rows of what fits, and rows of the table
`quarantine` for what does not, or does again. Nothing is guessed: the last good row stays.
"""

from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from ingestion.landing.rows import MissingValue, Stamp, rows
from ingestion.stripe_api.reader import Page

Entry = dict[str, Any]  # a row of the table as an object: id, stream, object_id, path, problem


class Quarantine:
    """What is kept out, by id of its row; follows the pages of one merge."""

    def __init__(self, kept_out: dict[str, Entry]) -> None:
        self._kept_out = kept_out

    def rows(self, page: Page, stamp: Stamp) -> dict[str, pa.Table]:
        """Arrow tables by landing table."""
        good: list[Any] = page.objects
        entries: list[Entry] = []
        try:
            found = rows(page.stream, good, stamp) if good else {}
        except MissingValue:
            good, entries = _sifted(page, stamp)
            found = rows(page.stream, good, stamp) if good else {}
        self._kept_out |= {entry["id"]: entry for entry in entries}
        entries += self._cleared(page, {*page.gone, *(one["id"] for one in good)}, stamp.read_at)
        return {**found, **rows("quarantine", entries, stamp)} if entries else found

    def _cleared(self, page: Page, ids: set[str], at: datetime) -> list[Entry]:
        if not self._kept_out:
            return []
        names = sorted(_name(page.stream, one) for one in ids)
        left = [self._kept_out.pop(name) for name in names if name in self._kept_out]
        moment = int(at.replace(tzinfo=UTC).timestamp())
        return [entry | {"cleared_at": moment} for entry in left]


def _sifted(page: Page, stamp: Stamp) -> tuple[list[Any], list[Entry]]:
    good: list[Any] = []
    entries: list[Entry] = []
    for found in page.objects:
        try:
            rows(page.stream, [found], stamp)
        except MissingValue as error:
            entries.append(_entry(page.stream, found["id"], error))
        else:
            good.append(found)
    return good, entries


def _entry(stream: str, object_id: str, error: MissingValue) -> Entry:
    return {
        "id": _name(stream, object_id),
        "stream": stream,
        "object_id": object_id,
        "path": error.path,
        "problem": str(error),
    }


def _name(stream: str, object_id: str) -> str:
    return f"{stream}:{object_id}"
