"""A lifecycle, or dates for it, as JSON text: as the outbox and the sync state keep them.

In: one of them, or its text. Out: the other. Not here: what a lifecycle means (lifecycle.py).
"""

import json
from datetime import UTC, datetime
from decimal import Decimal

from reverse_sync.values.lifecycle import NO_DATES, Dates, Lifecycle


def lifecycle_text(held: Lifecycle) -> str:
    """As JSON text, from which `lifecycle_from` makes the same lifecycle again."""
    fields = {name: None if value is None else str(value) for name, value in vars(held).items()}
    return json.dumps(fields, sort_keys=True)


def lifecycle_from(text: str) -> Lifecycle:
    """The lifecycle that `lifecycle_text` wrote."""
    fields = json.loads(text)
    dates = {
        name: None if value is None else datetime.fromisoformat(value)
        for name, value in fields.items()
        if name not in ("status", "mrr")
    }
    mrr = None if fields["mrr"] is None else Decimal(fields["mrr"])
    return Lifecycle(status=fields["status"], mrr=mrr, **dates)


def dates_from(text: str | None) -> Dates:
    """The dates of a row of account_traits; None: it has none."""
    if text is None:
        return NO_DATES
    moments = {name: _utc(value) for name, value in json.loads(text).items()}
    return Dates(**moments)


def _utc(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).replace(tzinfo=UTC)
