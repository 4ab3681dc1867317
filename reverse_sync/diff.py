"""What must be sent to bring one account from its acknowledged traits to its current ones.

In: two sets of traits. Out: what to set and what to clear. Pure: no database, no network.

A key that is absent from the current traits is left alone, except in `stripe.metadata.`, which is
a map sent whole: a key gone from it is cleared. `uncertain` names traits of which the store may
hold another value than the acknowledged one (an earlier sync died before the store's reply was
remembered): they are sent whatever the acknowledged value says.
"""

from collections.abc import Set
from dataclasses import dataclass

from reverse_sync.traits import METADATA, Traits, Value, same


@dataclass(frozen=True)
class Change:
    """Traits to set, and names of traits to clear (the explicit null)."""

    set: dict[str, Value]
    unset: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.set or self.unset)


def diff(acknowledged: Traits, current: Traits, *, uncertain: Set[str] = frozenset()) -> Change:
    """The change from the acknowledged traits to the current ones, trait by trait, typed."""
    changed = {
        name: value
        for name, value in current.items()
        if name in uncertain or not same(value, acknowledged.get(name))
    }
    unset = {name for name, value in changed.items() if value is None}
    unset |= _metadata_gone(acknowledged, current, uncertain)
    return Change(
        set={name: value for name, value in changed.items() if value is not None},
        unset=tuple(sorted(unset)),
    )


def after(acknowledged: Traits, current: Traits) -> dict[str, Value]:
    """The account's traits once the change from `diff` has been acknowledged."""
    kept = {
        name: value
        for name, value in acknowledged.items()
        if name in current or not name.startswith(METADATA)
    }
    return {**kept, **current}


def _metadata_gone(acknowledged: Traits, current: Traits, uncertain: Set[str]) -> set[str]:
    had = {name for name, value in acknowledged.items() if value is not None}
    return {name for name in had | uncertain if name not in current and name.startswith(METADATA)}
