"""Walking Stripe's JSON: from a path in `landing` to values and to nested elements.

Enters: an object as parsed JSON. Leaves: nodes and values. No table, no type, no rule belongs here.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from operator import attrgetter
from typing import Any, NamedTuple

Json = Any  # parsed JSON: what Stripe sends is only typed once it has become a row
Getter = Callable[["Node"], Json]


class WrongShape(Exception):
    """What a path walks is not the list, mapping or object that it should be; the text says what
    stands there."""


class Node(NamedTuple):
    """One element with its surroundings; `key` names it where its id, if any, is not its alone."""

    root: Json
    parent: Json
    object: Json
    position: int | str = 0
    within: str | None = None  # the key of the mapping's element that holds it, where it has no id

    @property
    def key(self) -> str:
        place = self.position if self.within is None else f"{self.within}:{self.position}"
        return f"{self.parent['id']}:{self.object.get('id') or place}"


def getter(path: str) -> Getter:
    """Compile `root.a.b` to a function of a node; anything missing on the way is None."""
    start, *names = path.split(".")
    begin: Getter = attrgetter(start)
    if not names:
        return begin
    if len(names) == 1:
        return _field(begin, names[0])

    def get(node: Node) -> Json:
        value = begin(node)
        for name in names:
            if not isinstance(value, dict):
                return None
            value = value.get(name)
        return value

    return get


def _field(begin: Getter, name: str) -> Getter:
    """Most columns are one: a fifth of what making rows computes is to ask for it."""

    def get(node: Node) -> Json:
        value = begin(node)
        return value.get(name) if isinstance(value, dict) else None

    return get


def nodes(root: Json, path: str) -> Iterator[Node]:
    """Every element that `path` names below `root`: objects, or ids of what is not expanded. Raises
    WrongShape."""
    found = [Node(root, root, root)]
    for name, kind in _steps(path):
        found = [child for node in found for child in _step(node, name, kind)]
    return (node for node in found if node.object is not None)


@cache
def _steps(path: str) -> tuple[tuple[str, str], ...]:
    """Each step's name, and whether it walks a list (`[]`), a mapping (`{}`) or nothing."""
    names = path.split(".") if path else []
    return tuple((name.rstrip("[]{}"), name[len(name.rstrip("[]{}")) :]) for name in names)


def _step(node: Node, name: str, kind: str) -> Sequence[Node]:
    if not isinstance(node.object, dict):
        raise WrongShape(no_object(node.object))
    value = node.object.get(name)
    if value is None or (kind and not value):
        return ()
    # A list object of Stripe (`items.data`) is no element: what holds it stays the parent.
    own = "id" in node.object
    parent = node.object if own else node.parent
    if not kind:
        return (Node(node.root, parent, value),)
    _check_shape(value, kind)
    within = node.position if isinstance(node.position, str) and not own else None
    places: Iterable[tuple[int | str, Json]]
    places = sorted(value.items()) if kind == "{}" else enumerate(value)
    return [Node(node.root, parent, element, place, within) for place, element in places]


def _check_shape(value: Json, kind: str) -> None:
    shape, named = (dict, "a mapping") if kind == "{}" else (list, "a list")
    if not isinstance(value, shape):
        raise WrongShape(f"{_type(value)} where {named} belongs")


def no_object(value: Json) -> str:
    """What stands in the place of an object."""
    return f"{_type(value)} where an object belongs"


def _type(value: Json) -> str:
    name = type(value).__name__
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"
