"""What one of several account stores gets: which accounts, which traits, under which names.

Leaves: frozen values. Nothing configured: every account and every trait, as account_traits has it.
"""

import hashlib
from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from typing import Any

from reverse_sync.values.mapping import TraitMapping
from reverse_sync.values.traits import NAMESPACE, Traits


@dataclass(frozen=True)
class Audience:
    """The accounts of a store: those in `segment` (None: all), but for `leave_out`."""

    segment: str | None = None
    leave_out: tuple[str, ...] = ()

    @property
    def is_everyone(self) -> bool:
        return self.segment is None and not self.leave_out


@dataclass(frozen=True)
class StoreRules:
    """`mapping` None: the traits as they are."""

    mapping: TraitMapping | None = None
    audience: Audience = field(default_factory=Audience)

    @property
    def digest(self) -> str:
        """Of what an account's traits are made of beside account_traits."""
        return self.mapping.digest if self.mapping else ""

    def brought_to(self, build: str | None) -> str | None:
        """What a store holds of a build: under other rules it holds something else."""
        if build is None or self == EVERYTHING:
            return build
        told = (self.digest, self.audience.segment, sorted(self.audience.leave_out))
        return f"{build} {hashlib.sha256(repr(told).encode()).hexdigest()[:16]}"

    def is_ours(self, name: str, own: Set[str]) -> bool:
        """Whether a trait that the store holds is ours to write. `own`: the user's own traits;
        other names that begin like them are somebody else's."""
        trait = self.trait(name)
        return trait is not None and (trait.startswith(NAMESPACE) or trait in own)

    def name(self, trait: str) -> str | None:
        """The store's name of one of our traits; None: it does not get it."""
        return self.mapping.name(trait) if self.mapping else trait

    def trait(self, name: str) -> str | None:
        """Our trait that the store has under this name; None: none of ours."""
        return self.mapping.trait(name) if self.mapping else name

    def beside(self, traits: Traits, tracked: frozenset[str]) -> Mapping[str, Any]:
        """The tracked traits that the store does not have as they are: for the lifecycle."""
        mapping = self.mapping
        if mapping is None:
            return {}
        return {
            trait: value
            for trait, value in traits.items()
            if trait in tracked and not mapping.is_as_it_is(trait)
        }


EVERYTHING = StoreRules()
