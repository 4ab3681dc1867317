"""Objects that fit no known shape: kept out one by one, while the others of their page go on.

Enters: pages, and what is in quarantine. Leaves: landing rows of what fits, and rows of the table
`quarantine` for what does not, or does again. Nothing is guessed: the last good row stays.
"""

from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from ingestion.landing.rows import Misfit, Rows, Stamp, rows
from ingestion.stripe_api.reader import Page

Entry = dict[str, Any]  # a row of the table as an object: id, stream, object_id, path, problem


class Quarantine:
    """What is kept out, by id of its row; follows the pages of one merge."""

    def __init__(self, kept_out: dict[str, Entry]) -> None:
        self._kept_out = kept_out

    def rows(self, page: Page, stamp: Stamp) -> dict[str, pa.Table]:
        """Arrow tables by landing table."""
        found = rows(page.stream, page.objects, stamp) if page.objects else Rows({})
        entries = [_entry(page.stream, name, why) for name, why in found.misfits.items()]
        self._kept_out |= {entry["id"]: entry for entry in entries}
        good = {one["id"] for one in page.objects} - found.misfits.keys()
        entries += self._cleared(page, {*page.gone, *good}, stamp.read_at)
        return found.tables | (rows("quarantine", entries, stamp).tables if entries else {})

    def _cleared(self, page: Page, ids: set[str], at: datetime) -> list[Entry]:
        if not self._kept_out:
            return []
        names = sorted(_name(page.stream, one) for one in ids)
        left = [self._kept_out.pop(name) for name in names if name in self._kept_out]
        moment = int(at.replace(tzinfo=UTC).timestamp())
        return [entry | {"cleared_at": moment} for entry in left]


def _entry(stream: str, object_id: str, misfit: Misfit) -> Entry:
    return {
        "id": _name(stream, object_id),
        "stream": stream,
        "object_id": object_id,
        "path": misfit.path,
        "problem": misfit.problem,
    }


def _name(stream: str, object_id: str) -> str:
    return f"{stream}:{object_id}"
