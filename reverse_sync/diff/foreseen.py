"""The lifecycle of a candidate as account_traits foresees it, and whether it moves.

Enters: a candidate, its traits, the run, the tracking config. Leaves: lifecycles. The store's own
row decides when it is written (deliver/outgoing.py).
"""

from decimal import Decimal

from reverse_sync.diff.candidates import Candidate
from reverse_sync.state.run import Run
from reverse_sync.values.lifecycle import Facts, Lifecycle, Status, lifecycle
from reverse_sync.values.lifecycle_text import facts_from, lifecycle_from
from reverse_sync.values.tracking import Tracking
from reverse_sync.values.traits import Traits


def facts_moved(candidate: Candidate, traits: Traits, run: Run, tracking: Tracking) -> bool:
    """Whether facts alone move the lifecycle: from what the store holds, where that is known, else
    from what the acknowledged ones say of the same traits."""
    if candidate.held_lifecycle is not None:
        held = lifecycle_from(candidate.held_lifecycle)
        return held != _lifecycle(candidate, traits, run, tracking, previous=held)
    facts = [candidate.acknowledged_facts, candidate.facts]
    if None in facts or len({facts_from(one).unknown_amount for one in facts if one}) > 1:
        return candidate.facts != candidate.acknowledged_facts
    before, now = (
        _lifecycle(candidate._replace(facts=one), traits, run, tracking, previous=None)
        for one in facts
    )
    return before != now


def lifecycles(
    candidate: Candidate, traits: Traits, run: Run, tracking: Tracking
) -> tuple[Lifecycle, Lifecycle]:
    """The acknowledged lifecycle and the coming one, as far as account_traits can tell."""
    status: Status | None = candidate.acknowledged_status  # type: ignore[assignment]
    mrr = Decimal(candidate.acknowledged_mrr) if candidate.acknowledged_mrr else None
    before = Lifecycle(status=status, mrr=mrr)
    previous = before if candidate.acknowledged is not None else None
    now = _lifecycle(candidate, traits, run, tracking, previous=previous)
    return before, now


def _lifecycle(
    candidate: Candidate,
    traits: Traits,
    run: Run,
    tracking: Tracking,
    *,
    previous: Lifecycle | None,
) -> Lifecycle:
    return lifecycle(
        tracking=tracking,
        traits=traits,
        facts=facts_from(candidate.facts) if candidate.facts else Facts(),
        previous=previous,
        as_of=run.as_of,
    )
