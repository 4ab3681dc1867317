"""diff, for one account: a write, a reason to keep it out, a wait, or nothing.

Enters: a candidate, the run, the tracking config. Leaves: the decision. Pure: no database, no
network.
"""

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from reverse_sync.diff.candidates import Candidate
from reverse_sync.diff.store_traits import store_traits, with_tracked
from reverse_sync.diff.trait_changes import Change, after, diff
from reverse_sync.state.run import Run, naive
from reverse_sync.state.waits import waits
from reverse_sync.values.lifecycle import Facts, Lifecycle, Status, lifecycle, traits_read
from reverse_sync.values.lifecycle_text import facts_from, lifecycle_from, lifecycle_text
from reverse_sync.values.tracked_values import UnreadableTrait
from reverse_sync.values.tracking import Tracking
from reverse_sync.values.traits import (
    NAMESPACES,
    InvalidTraits,
    Traits,
    canonical,
    canonical_value,
    number_text,
    parse_traits,
)

MAX_ID_LENGTH = 255
WHOLE = ("create", "resync")  # operations that send every trait that has a value
CURRENCY = "stripe.currency"
# In the place of source_md5, of what `undo` has put back: not the model's, so that the next plan
# looks again. Nothing else leaves it so.
UNDONE = "undone"

# What goes first when the target's budget is short.
LIFECYCLE_FIRST, REVENUE_NEXT, CREATES_THEN, THE_REST = range(4)


class Planned(NamedTuple):
    """One account's row for the outbox; the lifecycle is foreseen, the store's row decides it."""

    account_id: str
    op: str
    name: str | None
    traits: str
    changes: tuple[dict[str, str | None], ...]
    source_md5: str
    traits_set: int
    traits_cleared: int
    attempts: int
    currency: str | None
    traits_held: int
    priority: int = 0
    status_before: str | None = None
    status_after: str | None = None
    mrr_before: str | None = None
    mrr_after: str | None = None
    lifecycle: str | None = None
    facts: str | None = None


class Invalid(NamedTuple):
    """An account that is kept out, and why."""

    account_id: str | None
    reason: str


class Unchanged(NamedTuple):
    """An account whose text differs but whose values do not."""

    account_id: str
    source_md5: str
    facts: str | None


class Deferred(NamedTuple):
    """An account whose change failed and is not due again yet."""

    account_id: str
    until: datetime  # naive UTC


class Parked(NamedTuple):
    """An account whose change lies in the dead letters and is still the same."""

    account_id: str


Decision = Planned | Invalid | Unchanged | Deferred | Parked


def decide(candidate: Candidate, run: Run, tracking: Tracking) -> Decision:
    """What is to be done about one candidate."""
    try:
        _check_identity(candidate)
        current = _current_traits(candidate)
        candidate = with_tracked(candidate, current, run.rules, traits_read(tracking))
        return _waits(candidate, run) or _compared(candidate, current, run, tracking)
    except (InvalidTraits, UnreadableTrait) as error:
        return Invalid(candidate.account_id, str(error))


def _waits(candidate: Candidate, run: Run) -> Decision | None:
    """Whether the same change has been refused and is not to be tried now."""
    same = (candidate.waiting_md5, candidate.waiting_name, candidate.waiting_tracking) == (
        candidate.source_md5,
        candidate.name,
        run.tracking,
    )
    if not same or run.scope.whole or candidate.due:
        return None
    account_id, due = candidate.account_id or "", candidate.next_attempt_at
    if candidate.waiting_status == "parked":
        return Parked(account_id)
    if due is None or not waits(due, attempts=candidate.attempts, now=naive(run.now)):
        return None
    return Deferred(account_id, due)


def _compared(candidate: Candidate, traits: Traits, run: Run, tracking: Tracking) -> Decision:
    account_id, source_md5 = candidate.account_id or "", candidate.source_md5 or ""
    acknowledged = parse_traits(candidate.acknowledged) if candidate.acknowledged else {}
    current = store_traits(candidate, traits, acknowledged, run.rules)
    change = diff(acknowledged, current, uncertain=_uncertain(candidate, current, run))
    then = after(acknowledged, current)
    create = candidate.acknowledged is None
    renamed = candidate.name != candidate.acknowledged_name
    whole = run.scope.whole
    moved = renamed or _facts_moved(candidate, then, run, tracking)
    if not (change or create or moved or candidate.due or candidate.waiting_op or whole):
        return Unchanged(account_id, source_md5, candidate.facts)
    before, now = _lifecycles(candidate, then, run, tracking)
    now = now if candidate.is_for_store else Lifecycle()
    op = "create" if create else "resync" if whole else "update"
    row = _row(candidate, op, change, traits=(acknowledged, then), lifecycles=(before, now))
    return row._replace(currency=_currency(traits), lifecycle=_told(candidate))


def _row(
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
        currency=_currency(then),
        traits_held=len(then) - list(then.values()).count(None),
        priority=_priority(op, before, now),
        status_before=before.status,
        status_after=now.status,
        mrr_before=_text(before.mrr),
        mrr_after=_text(now.mrr),
        facts=candidate.facts,
    )


def _told(candidate: Candidate) -> str | None:
    """Whoever is no longer for this store has no lifecycle there; else the store's row decides."""
    return None if candidate.is_for_store else lifecycle_text(Lifecycle())


def _facts_moved(candidate: Candidate, traits: Traits, run: Run, tracking: Tracking) -> bool:
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


def _lifecycles(
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


def _priority(op: str, before: Lifecycle, now: Lifecycle) -> int:
    if op == "create":
        return CREATES_THEN
    if before.status != now.status:
        return LIFECYCLE_FIRST
    return REVENUE_NEXT if before.mrr != now.mrr else THE_REST


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else number_text(amount)


def _currency(traits: Traits) -> str | None:
    currency = traits.get(CURRENCY)
    return currency if isinstance(currency, str) else None


def _change(trait: str, acknowledged: Traits, new: Traits) -> dict[str, str | None]:
    old, value = acknowledged.get(trait), new[trait]
    return {
        "trait": trait,
        "old": None if old is None else canonical_value(old),
        "new": None if value is None else canonical_value(value),
    }


def _uncertain(candidate: Candidate, current: Traits, run: Run) -> frozenset[str]:
    """Traits that are sent whatever was acknowledged: all of them if the run sends accounts whole;
    else those that an earlier write without success may or may not have changed in the store.

    A refused write changed nothing, but it took over what an unanswered one had left open.
    """
    touched = set(current) if run.scope.whole and candidate.acknowledged else set()
    if candidate.waiting_op is None:
        return frozenset(touched)
    touched |= {change["trait"] for change in candidate.waiting_changes or []}
    if candidate.waiting_op in WHOLE:
        sent = parse_traits(candidate.waiting_traits or "{}")
        touched |= {trait for trait, value in sent.items() if value is not None}
    return frozenset(touched)


def _check_identity(candidate: Candidate) -> None:
    account_id = candidate.account_id
    if account_id is None or not account_id.strip():
        raise InvalidTraits("account_id is blank: an account without a link is never sent")
    if len(account_id) > MAX_ID_LENGTH:
        raise InvalidTraits(f"account_id is longer than {MAX_ID_LENGTH} characters")
    if candidate.copies > 1:
        raise InvalidTraits(f"account_id appears {candidate.copies} times in account_traits")


def _current_traits(candidate: Candidate) -> Traits:
    if candidate.traits is None:
        raise InvalidTraits("traits are null")
    current = parse_traits(candidate.traits)
    foreign = [trait for trait in current if not trait.startswith(NAMESPACES)]
    if foreign:
        ours = " and ".join(NAMESPACES)
        raise InvalidTraits(f"trait {foreign[0]} is outside {ours}, which alone are ours to write")
    return current
