"""A delivery's result as the metadata of Dagster's asset `account_store`, and back.

Enters: a result of the reverse-sync. Leaves: numbers, and texts of moments. Which accounts they are
is told by the marts, not by Dagster's storage.
"""

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

from reverse_sync.deliver.result import SyncResult

UNTIL = "waiting_until"


def as_metadata(result: SyncResult) -> dict[str, Any]:
    """What is known; Dagster has no null."""
    told = {name: value for name, value in result.figures().items() if value is not None}
    return told | ({UNTIL: told[UNTIL].isoformat()} if UNTIL in told else {})


def from_metadata(told: Mapping[str, Any]) -> SyncResult:
    """The result, which conserves or raises."""
    known = {field.name: told[field.name] for field in fields(SyncResult) if field.name in told}
    until = known.get(UNTIL)
    moment = datetime.fromisoformat(until) if until else None
    return SyncResult(**{"version": None, **known, UNTIL: moment})
