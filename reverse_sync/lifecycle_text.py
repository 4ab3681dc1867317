"""A lifecycle as JSON text, as the outbox and the sync state keep it.

In: a lifecycle, or its text. Out: the other. Not here: what a lifecycle means (lifecycle.py).
"""

import json
from datetime import datetime
from decimal import Decimal

from reverse_sync.lifecycle import Lifecycle


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
