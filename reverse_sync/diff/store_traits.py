"""An account's traits as this store is to hold them.

Enters: a candidate, its traits by our names, the store's rules. Leaves: traits by the store's
names; null for what the store may hold and is not to hold any more.
"""

from collections.abc import Iterator

from reverse_sync.diff.candidates import Candidate
from reverse_sync.values.lifecycle_text import facts_with
from reverse_sync.values.store_rules import StoreRules
from reverse_sync.values.traits import Traits, Value, parse_traits


def store_traits(
    candidate: Candidate, traits: Traits, acknowledged: Traits, rules: StoreRules
) -> Traits:
    """Raises InvalidTraits."""
    if not candidate.is_for_store:
        return dict.fromkeys(_may_hold(candidate, acknowledged))
    if rules.mapping is None:
        return traits
    held: dict[str, Value] = rules.mapping.applied(traits, decimals=candidate.decimals or ())
    return {**held, **rules.mapping.cleared(_may_hold(candidate, acknowledged), held)}


def with_tracked(
    candidate: Candidate, traits: Traits, rules: StoreRules, tracked: frozenset[str]
) -> Candidate:
    """The candidate's facts with the tracked traits that the store does not have as they are."""
    beside = rules.beside(traits, tracked)
    if not (beside and candidate.facts):
        return candidate
    return candidate._replace(facts=facts_with(candidate.facts, beside))


def _may_hold(candidate: Candidate, acknowledged: Traits) -> Iterator[str]:
    """What was acknowledged, and what an unanswered write may have left."""
    yield from acknowledged
    yield from (change["trait"] for change in candidate.waiting_changes or [])
    if candidate.waiting_op is not None:
        yield from parse_traits(candidate.waiting_traits or "{}")
