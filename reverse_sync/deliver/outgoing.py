"""One account's change on its way to the store.

Enters: a row of the outbox. Leaves: the write that brings the store there, decided on what the
store holds. Raises UnreadableTrait.
"""

from typing import NamedTuple

from reverse_sync.diff.decision import WHOLE
from reverse_sync.state.run import Run
from reverse_sync.stores.account_store import AccountWrite, StoredAccount
from reverse_sync.values.lifecycle import Facts, Lifecycle, lifecycle
from reverse_sync.values.lifecycle_text import facts_from, lifecycle_from
from reverse_sync.values.tracking import Tracking
from reverse_sync.values.traits import Traits, Value, parse_traits


class Outgoing(NamedTuple):
    """One account's change as taken from the outbox, still as JSON text."""

    account_id: str
    op: str
    name: str | None
    traits: str
    changes: list[dict[str, str | None]]
    attempts: int = 0  # made before this one
    lifecycle: str | None = None  # to be written as it is; None: decided on the store's row
    facts: str | None = None
    priority: int = 0
    traits_set: int = 0
    traits_cleared: int = 0


def write_of(
    outgoing: Outgoing, stored: StoredAccount | None, tracking: Tracking, run: Run
) -> AccountWrite:
    """Of an account that the store holds as `stored`; None: it does not."""
    before = stored.traits if stored else {}
    current = parse_traits(outgoing.traits)
    unset = tuple(c["trait"] or "" for c in outgoing.changes if c["new"] is None)
    return AccountWrite(
        account_id=outgoing.account_id,
        name=outgoing.name,
        set=_set(outgoing, current, is_held=stored is not None),
        unset=unset,
        lifecycle=_told(outgoing)
        or lifecycle(
            tracking=tracking,
            # Tracking may read traits that are not Stripe's: the store's own complete the picture.
            traits={**before, **dict.fromkeys(unset), **current} if before or unset else current,
            facts=facts_from(outgoing.facts) if outgoing.facts else Facts(),
            previous=stored.lifecycle if stored else None,
            as_of=run.as_of,
        ),
        version=run.version,
        at=run.as_of,
    )


def _told(outgoing: Outgoing) -> Lifecycle | None:
    return None if outgoing.lifecycle is None else lifecycle_from(outgoing.lifecycle)


def _set(outgoing: Outgoing, current: Traits, *, is_held: bool) -> dict[str, Value]:
    """An account sent whole sends every trait there is, another one those that changed; one that
    somebody has deleted in the store goes whole."""
    if outgoing.op in WHOLE or not is_held:
        return {trait: value for trait, value in current.items() if value is not None}
    changed = [change["trait"] or "" for change in outgoing.changes if change["new"] is not None]
    return {trait: current[trait] for trait in changed}
