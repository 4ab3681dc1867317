"""What a comparison with the account store found, as lines or JSON.

Enters: the drift, and the repair's result if there was one. Leaves: text.
"""

from collections.abc import Iterator
from dataclasses import asdict

from orchestration.pages.delivery_lines import result_lines
from orchestration.pages.plan_page import result_json
from reverse_sync.deliver.result import SyncResult
from reverse_sync.repair.reconcile_store import Difference, Drift
from reverse_sync.values.counted import counted

SHOWN = 50
KINDS = {
    "changed": "with something else than was sent",
    "missing": "sent and not there",
    "extra": "there and not in account_traits (left alone)",
    "unremembered": "there, and nothing was known of it",
}


def lines(drift: Drift, result: SyncResult | None) -> Iterator[str]:
    """Counts by kind, the first differences, and what was done or can be."""
    yield f"{counted(drift.compared, 'account')} of the account store compared"
    for kind, what in KINDS.items():
        if drift.accounts[kind]:
            yield f"{counted(drift.accounts[kind], 'account')} {what}"
    for found in drift.found[:SHOWN]:
        yield f"  {_line(found)}"
    if len(drift.found) > SHOWN:
        yield f"  ... and {len(drift.found) - SHOWN:,} more: marts.sync_drift"
    if result is not None:
        yield from result_lines(result)
    elif any(drift.accounts[kind] for kind in ("changed", "missing", "unremembered")):
        yield "bring them back: stripe-traits reconcile --store --repair"
    else:
        yield "nothing to repair"


def _line(found: Difference) -> str:
    if found.trait is None:
        return f"{found.account_id}: {found.kind}"
    sent, held = found.acknowledged or "null", found.held or "null"
    return f"{found.account_id}: {found.trait} was sent as {sent}, the store holds {held}"


def as_json(drift: Drift, result: SyncResult | None) -> dict[str, object]:
    """The same for a program, complete."""
    return {
        "compared": drift.compared,
        "accounts": dict(drift.accounts),
        "found": [asdict(found) for found in drift.found],
        "repair": None if result is None else result_json(result),
    }
