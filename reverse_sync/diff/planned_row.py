"""A change of one account as its row in the outbox.

Enters: a candidate, what changes, its traits and lifecycles before and after. Leaves: the row.
"""

from decimal import Decimal

from reverse_sync.diff.candidates import Candidate
from reverse_sync.diff.decision import WHOLE, Planned
from reverse_sync.diff.trait_changes import Change
from reverse_sync.values.lifecycle import Lifecycle
from reverse_sync.values.lifecycle_text import lifecycle_text
from reverse_sync.values.traits import Traits, canonical, canonical_value, number_text

CURRENCY = "stripe.currency"

# What goes first when the target's budget is short.
LIFECYCLE_FIRST, REVENUE_NEXT, CREATES_THEN, THE_REST = range(4)


def row(
    candidate: Candidate,
    op: str,
    change: Change,
    *,
    traits: tuple[Traits, Traits],
    lifecycles: tuple[Lifecycle, Lifecycle],
) -> Planned:
    (acknowledged, then), (before, now) = traits, lifecycles
    new = {**change.set, **dict.fromkeys(change.unset)}
    # An account sent whole sends every trait it has: only what it clears needs a list.
    listed = change.unset if op in WHOLE else sorted(new)
    return Planned(
        account_id=candidate.account_id or "",
        op=op,
        name=candidate.name,
        traits=canonical(then),
        changes=tuple(_change(trait, acknowledged, new) for trait in listed),
        source_md5=candidate.source_md5 or "",
        traits_set=len(change.set),
        # A cleared trait that had no value is no loss.
        traits_cleared=sum(acknowledged.get(trait) is not None for trait in change.unset),
        attempts=candidate.attempts if candidate.waiting_md5 == candidate.source_md5 else 0,
        currency=currency_of(then),
        traits_held=len(then) - list(then.values()).count(None),
        priority=_priority(op, before, now),
        status_before=before.status,
        status_after=now.status,
        mrr_before=_text(before.mrr),
        mrr_after=_text(now.mrr),
        facts=candidate.facts,
    )


def told(candidate: Candidate) -> str | None:
    """Whoever is no longer for this store has no lifecycle there; else the store's row decides."""
    return None if candidate.is_for_store else lifecycle_text(Lifecycle())


def _priority(op: str, before: Lifecycle, now: Lifecycle) -> int:
    if op == "create":
        return CREATES_THEN
    if before.status != now.status:
        return LIFECYCLE_FIRST
    return REVENUE_NEXT if before.mrr != now.mrr else THE_REST


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else number_text(amount)


def currency_of(traits: Traits) -> str | None:
    currency = traits.get(CURRENCY)
    return currency if isinstance(currency, str) else None


def _change(trait: str, acknowledged: Traits, new: Traits) -> dict[str, str | None]:
    old, value = acknowledged.get(trait), new[trait]
    return {
        "trait": trait,
        "old": None if old is None else canonical_value(old),
        "new": None if value is None else canonical_value(value),
    }
