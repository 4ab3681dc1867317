"""What must be sent to bring one account from its acknowledged traits to its current ones.

Enters: two sets of traits. Leaves: what to set and what to clear. Pure: no database, no network.

A key that is absent from the current traits is left alone, except in `stripe.metadata.`, which is
a map sent whole: a key gone from it is cleared. `uncertain` names traits of which the store may
hold another value than the acknowledged one (an earlier sync died before the store's reply was
remembered): they are sent whatever the acknowledged value says.
"""

from collections.abc import Set
from dataclasses import dataclass

from reverse_sync.values.traits import METADATA, Traits, Value, same


@dataclass(frozen=True)
class Change:
    """Traits to set, and names of traits to clear (the explicit null)."""

    set: dict[str, Value]
    unset: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.set or self.unset)


def diff(acknowledged: Traits, current: Traits, *, uncertain: Set[str] = frozenset()) -> Change:
    """The change from the acknowledged traits to the current ones, trait by trait, typed."""
    if not acknowledged and not uncertain:  # as of an account that is new
        return Change({name: value for name, value in current.items() if value is not None}, ())
    changed = {name: current[name] for name in uncertain if name in current}
    for name, value in current.items():
        held = acknowledged.get(name)
        # Most are equal texts: what `same` would find, without calling it.
        if (value != held or type(value) is not str) and not same(value, held):
            changed[name] = value
    unset = {name for name, value in changed.items() if value is None}
    unset |= _metadata_gone(acknowledged, current, uncertain)
    return Change(
        set={name: value for name, value in changed.items() if value is not None},
        unset=tuple(sorted(unset)),
    )


def after(acknowledged: Traits, current: Traits) -> dict[str, Value]:
    """The account's traits once the change from `diff` has been acknowledged."""
    absent = acknowledged.keys() - current.keys()
    kept = {name: acknowledged[name] for name in absent if not name.startswith(METADATA)}
    return {**kept, **current}


def _metadata_gone(acknowledged: Traits, current: Traits, uncertain: Set[str]) -> set[str]:
    had = {n for n in acknowledged.keys() - current.keys() if acknowledged[n] is not None}
    return {name for name in had | uncertain if name not in current and name.startswith(METADATA)}
