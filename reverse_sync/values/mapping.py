"""Which traits a store gets, under which names, and in which unit of money.

Enters: an account's traits by our names. Leaves: what the store is to hold, by the store's names,
and the tracked traits that it does not get, for the lifecycle. Pure. What the names of an earlier
mapping left in the store is cleared by the plan that sets the new ones.
"""

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Context, Decimal
from fnmatch import fnmatchcase
from functools import cached_property, lru_cache
from typing import Literal

from reverse_sync.values.traits import (
    METADATA,
    NAMESPACE,
    NAMESPACES,
    InvalidTraits,
    Scalar,
    Traits,
    Value,
)

Money = Literal["decimal", "minor"]
_EXACT = Context(prec=200)  # a trait has fewer digits
_NAMES = 10_000  # metadata keys may be many


@dataclass(frozen=True, kw_only=True)
class TraitMapping:
    """`traits` and `leave_out` are patterns such as `stripe.metadata.*`; `prefix` stands in the
    place of `stripe.` where `rename` gives no name. `amounts`: the traits that hold money, major
    units; `decimals`: of currencies that have not two."""

    traits: tuple[str, ...] = ("*",)
    leave_out: tuple[str, ...] = ()
    rename: Mapping[str, str] = field(default_factory=dict)
    prefix: str = NAMESPACE
    money: Money = "decimal"
    amounts: frozenset[str] = frozenset()
    decimals: Mapping[str, int] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """Another one: every account has to be looked at again."""
        told = (
            self.traits,
            self.leave_out,
            sorted(self.rename.items()),
            self.prefix,
            self.money,
            sorted(self.amounts) if self.money == "minor" else (),
        )
        return hashlib.sha256(repr(told).encode()).hexdigest()[:16]

    def name(self, trait: str) -> str | None:
        """The store's name of one of our traits; None: it does not get it."""
        return self._names(trait)

    @cached_property
    def _names(self) -> Callable[[str], str | None]:
        return lru_cache(_NAMES)(self._name)

    def _name(self, trait: str) -> str | None:
        if not _any(trait, self.traits) or _any(trait, self.leave_out):
            return None
        if trait in self.rename:
            return self.rename[trait]
        return self.prefix + trait.removeprefix(NAMESPACE) if _is_stripes(trait) else trait

    def trait(self, name: str) -> str | None:
        """The trait that the store has under this name; None: none of ours."""
        ours = self._renamed.get(name) or self._without_prefix(name)
        return ours if ours.startswith(NAMESPACES) and self.name(ours) == name else None

    def is_as_it_is(self, trait: str) -> bool:
        """Whether the store has this trait as account_traits has it."""
        return self.name(trait) == trait and not self._is_minor(trait)

    def applied(self, traits: Traits, *, decimals: Collection[int]) -> dict[str, Value]:
        """What the store is to hold. `decimals`: those of the account's currencies."""
        held: dict[str, Value] = {}
        for trait, value in traits.items():
            name = self.name(trait)
            if name is not None:
                held[name] = self._in_unit(trait, value, decimals)
        return held

    def cleared(self, names: Iterable[str], current: Traits) -> dict[str, None]:
        """Of names that the store may hold, those that are ours no more."""
        return {name: None for name in names if name not in current and self._is_gone(name)}

    def _is_gone(self, name: str) -> bool:
        ours = self.trait(name)
        return ours is None or ours.startswith(METADATA)

    def _in_unit(self, trait: str, value: Value, decimals: Collection[int]) -> Value:
        if value is None or not self._is_minor(trait):
            return value
        if len(decimals) != 1:
            raise InvalidTraits(
                f"{trait} in minor units: the account's currencies have no decimals in common;"
                " send this store decimals (money: decimal)"
            )
        (places,) = decimals
        if isinstance(value, tuple):
            return tuple(_minor(one, places) for one in value)
        return _minor(value, places)

    def _is_minor(self, trait: str) -> bool:
        return self.money == "minor" and trait in self.amounts

    @cached_property
    def _renamed(self) -> Mapping[str, str]:
        return {name: trait for trait, name in self.rename.items()}

    def _without_prefix(self, name: str) -> str:
        ours = name.startswith(self.prefix)
        return NAMESPACE + name.removeprefix(self.prefix) if ours else name


def _minor(value: Scalar, places: int) -> Scalar:
    return _EXACT.scaleb(value, places) if isinstance(value, Decimal) else value


def _any(trait: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(trait, pattern) for pattern in patterns)


def _is_stripes(trait: str) -> bool:
    return trait.startswith(NAMESPACE)
