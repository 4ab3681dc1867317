"""The filter of the accounts page as it is built: its conditions in their groups, in words.

Enters: the selection. Leaves: each condition and group with the addresses that change it, and the
groups that the next condition can go into.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from report.filters.edits import NEW, OTHER, Way, added, switched, without
from report.filters.tree import Condition, Group, Node, written
from report.pages.words import words
from report.selection import Selection

HOLD = {"all": "All of these hold", "any": "One of these holds"}


@dataclass(frozen=True)
class Chip:
    """A condition, and the address without it."""

    text: str
    without: str


@dataclass(frozen=True)
class Box:
    """A group, and the address with its other kind."""

    text: str
    instead: str
    switched: str
    parts: tuple["Chip | Box", ...]


def box(selection: Selection) -> Box:
    """The whole filter."""
    return _box(selection, selection.where, ())


def _box(selection: Selection, group: Group, way: Way) -> Box:
    return Box(
        HOLD[group.kind],
        HOLD[OTHER[group.kind]],
        _address(selection, switched(selection.where, way)),
        tuple(_part(selection, part, (*way, place)) for place, part in enumerate(group.parts)),
    )


def _part(selection: Selection, node: Node, way: Way) -> Chip | Box:
    if isinstance(node, Group):
        return _box(selection, node, way)
    text = " ".join(words(node, selection.fields))
    return Chip(text, _address(selection, without(selection.where, way)))


def _address(selection: Selection, where: Group) -> str:
    return selection.view.address(where=written(where), page=None)


def groups(selection: Selection) -> list[tuple[str, str]]:
    """Where the next condition can stand: as the form says it, and in words."""
    where = selection.where
    new = "in a group with its own “or”" if where.kind == "all" else "in a group with its own “and”"
    found = [("", "beside the others"), *_groups(selection, where, ()), (NEW, new)]
    return found if where.parts else found[:1]


def _groups(selection: Selection, node: Group, way: Way) -> Iterator[tuple[str, str]]:
    for place, part in enumerate(node.parts):
        if isinstance(part, Group):
            below = (*way, place)
            yield ".".join(map(str, below)), f"{_joined(part)} {_first(selection, part)}"
            yield from _groups(selection, part, below)


def _joined(group: Group) -> str:
    return "or:" if group.kind == "any" else "and:"


def _first(selection: Selection, node: Node) -> str:
    while isinstance(node, Group):
        node = node.parts[0]
    return " ".join(words(node, selection.fields))


def with_condition(selection: Selection) -> str | None:
    """The address with the condition of the form added; None: the form was not sent."""
    view = selection.view
    if not (field := view["field"]):
        return None
    made = Condition(field, view["operator"] or "", view.given.get("value", ""))
    where = added(selection.where, view["into"] or "", made)
    form: dict[str, Any] = dict.fromkeys(("field", "operator", "value", "into", "page"))
    return view.address(where=written(where), **form)
