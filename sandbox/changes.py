"""Which events a change makes at Stripe. Pure: two states of one object enter, events leave.

The states are objects as served (discounts named by id, nothing that is only on request).
"""

import hashlib
from collections.abc import Iterator
from typing import Any

from sandbox import builders, paths
from sandbox.kinds import KINDS, Transition
from sandbox.shapes import Json


def events(old: Json | None, new: Json | None, *, now: int, first: int) -> list[Json]:
    """Events of a change at `now`; `new` is None for a deletion, `first` numbers their ids."""
    return [
        builders.event(
            id=_identity(type_, obj, now, first + index),
            type=type_,
            object=obj,
            created=now,
            previous_attributes=previous,
        )
        for index, (type_, obj, previous) in enumerate(_changes(old, new))
    ]


def previous_attributes(old: Json, new: Json) -> Json:
    """The old values of what changed; inside nested objects only the keys that changed."""
    return {key: _previous(old.get(key), new.get(key)) for key in _changed(old, new)}


def _previous(before: Any, after: Any) -> Any:
    if isinstance(before, dict) and isinstance(after, dict):
        return previous_attributes(before, after)
    return before


def _changed(old: Json, new: Json) -> list[str]:
    return [key for key in {**old, **new} if old.get(key) != new.get(key)]


def _changes(old: Json | None, new: Json | None) -> Iterator[tuple[str, Json, Json | None]]:
    """Type, object and previous attributes of each event, the plain verb first."""
    subject = new or old
    if subject is None or old == new:
        return
    kind = KINDS[subject["object"]]
    special = [t for t in kind.transitions if _happens(t, old or {}, new or {})]
    verb = "created" if old is None else "deleted" if new is None else "updated"
    replaced = verb == "updated" and any(t.replaces for t in special)
    if replaced:
        special = [t for t in special if t.replaces]
    if verb in kind.events and not replaced:
        previous = previous_attributes(old, new) if old is not None and new is not None else None
        yield kind.events[verb], subject, previous
    for transition in special:
        about = _about(transition, old, new) or subject
        yield transition.type, about, _swapped(transition, old, about)


def discounts(old: Json | None, new: Json | None) -> tuple[list[str], list[str]]:
    """Which discounts a change of a subscription brought and took, those of its items too."""
    before, after = _carried(old), _carried(new)
    return [one for one in after if one not in before], [one for one in before if one not in after]


def _carried(subscription: Json | None) -> list[str]:
    if subscription is None:
        return []
    of_items = [one for item in subscription["items"]["data"] for one in item["discounts"]]
    return [*subscription["discounts"], *of_items]


def _swapped(transition: Transition, old: Json | None, about: Json) -> Json | None:
    """What a value was that another one has replaced."""
    if not transition.swaps:
        return None
    return previous_attributes(paths.value(old or {}, transition.path), about)


def _happens(transition: Transition, old: Json, new: Json) -> bool:
    if transition.swaps:
        held = [paths.value(obj, transition.path) for obj in (old, new)]
        return None not in held and held[0]["id"] != held[1]["id"]
    before, after = (_inside(transition, paths.value(obj, transition.path)) for obj in (old, new))
    return before and not after if transition.left else after and not before


def _inside(transition: Transition, value: Any) -> bool:
    return value in transition.values if transition.values else value is not None


def _about(transition: Transition, old: Json | None, new: Json | None) -> Json | None:
    if not transition.about_value:
        return None
    side = old if transition.left else new
    found: Json | None = paths.value(side or {}, transition.path)
    return found


def _identity(type_: str, obj: Json, now: int, number: int) -> str:
    """Not in time order, as at Stripe, yet the same for the same history."""
    digest = hashlib.blake2b(f"{type_} {obj['id']} {now} {number}".encode(), digest_size=12)
    return f"evt_1{digest.hexdigest()}"
