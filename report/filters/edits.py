"""A tree of conditions with one thing of it changed: what the links and the form of a page lead to.

Enters: a tree, and the way to a part of it, as places from the top. Leaves: another tree. All else
of it, however deep, stays as it is.
"""

from collections.abc import Callable
from typing import Literal

from report.filters.tree import NOTHING, Condition, Group, Node, WrongFilter

Way = tuple[int, ...]
OTHER: dict[str, Literal["all", "any"]] = {"all": "any", "any": "all"}
NEW = "new"  # into a group of its own


def without(where: Group, way: Way) -> Group:
    """A group that nothing is left in goes too."""
    return _edited(where, way, lambda _node: None)


def switched(where: Group, way: Way) -> Group:
    """A group's other kind: any of its parts where all had to hold."""
    return _edited(where, way, lambda node: Group(OTHER[node.kind], node.parts))  # type: ignore[union-attr]


def added(where: Group, into: str, made: Condition) -> Group:
    """`into`: the way to a group, as `0.2`; nothing: the top; or a new group of the other kind,
    below the top."""
    if into == NEW:
        return Group(where.kind, (*where.parts, Group(OTHER[where.kind], (made,))))

    def longer(node: Node) -> Node:
        if isinstance(node, Condition):
            raise WrongFilter(f"into: there is no group at '{into[:20]}'")
        return Group(node.kind, (*node.parts, made))

    return _edited(where, _way(into), longer)


def _edited(where: Group, way: Way, edit: Callable[[Node], Node | None]) -> Group:
    changed = _changed(where, way, edit)
    return changed if isinstance(changed, Group) else NOTHING


def _changed(node: Node, way: Way, edit: Callable[[Node], Node | None]) -> Node | None:
    if not way:
        return edit(node)
    if isinstance(node, Condition) or way[0] >= len(node.parts):
        raise WrongFilter("into: there is no such group; add the filter again")
    place = way[0]
    changed = _changed(node.parts[place], way[1:], edit)
    kept = (changed,) if changed else ()
    parts = (*node.parts[:place], *kept, *node.parts[place + 1 :])
    return Group(node.kind, parts) if parts else None


def _way(text: str) -> Way:
    places = text.split(".") if text else []
    if not all(place.isascii() and place.isdecimal() and len(place) < 4 for place in places):
        raise WrongFilter(f"into: there is no group at '{text[:20]}'")
    return tuple(map(int, places))
