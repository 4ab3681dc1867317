"""diff, for one account: a write, a reason to keep it out, a wait, or nothing.

Enters: a candidate, the run, the tracking config. Leaves: the decision. Pure: no database, no
network.
"""

from reverse_sync.diff.candidates import Candidate
from reverse_sync.diff.decision import (
    WHOLE,
    Decision,
    Deferred,
    Invalid,
    Parked,
    Unchanged,
)
from reverse_sync.diff.foreseen import facts_moved, lifecycles
from reverse_sync.diff.planned_row import currency_of, row, told
from reverse_sync.diff.store_traits import store_traits, with_tracked
from reverse_sync.diff.trait_changes import after, diff
from reverse_sync.state.run import Run, naive
from reverse_sync.state.waits import waits
from reverse_sync.values.lifecycle import Lifecycle, traits_read
from reverse_sync.values.tracked_values import UnreadableTrait
from reverse_sync.values.tracking import Tracking
from reverse_sync.values.traits import NAMESPACES, InvalidTraits, Traits, parse_traits

MAX_ID_LENGTH = 255


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
    moved = renamed or facts_moved(candidate, then, run, tracking)
    if not (change or create or moved or candidate.due or candidate.waiting_op or whole):
        return Unchanged(account_id, source_md5, candidate.facts)
    before, now = lifecycles(candidate, then, run, tracking)
    now = now if candidate.is_for_store else Lifecycle()
    op = "create" if create else "resync" if whole else "update"
    planned = row(candidate, op, change, traits=(acknowledged, then), lifecycles=(before, now))
    return planned._replace(currency=currency_of(traits), lifecycle=told(candidate))


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
