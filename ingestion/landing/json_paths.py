"""Walking Stripe's JSON: from a path in `landing` to values and to nested elements.

Enters: an object as parsed JSON. Leaves: nodes and values. No table, no type, no rule belongs here.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

Json = Any  # parsed JSON: what Stripe sends is only typed once it has become a row
Getter = Callable[["Node"], Json]


@dataclass(frozen=True, slots=True)
class Node:
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
    begin = attrgetter(start)

    def get(node: Node) -> Json:
        value = begin(node)
        for name in names:
            if not isinstance(value, dict):
                return None
            value = value.get(name)
        return value

    return get


def nodes(root: Json, path: str) -> Iterator[Node]:
    """Every element that `path` names below `root`: objects, or ids of what is not expanded."""
    found = [Node(root, root, root)]
    for name in filter(None, path.split(".")):
        found = [child for node in found for child in _step(node, name)]
    return (node for node in found if node.object is not None)


def _step(node: Node, name: str) -> Iterator[Node]:
    if not isinstance(node.object, dict):
        return
    value = node.object.get(name.rstrip("[]{}"))
    # A list object of Stripe (`items.data`) is no element: what holds it stays the parent.
    own = "id" in node.object
    parent = node.object if own else node.parent
    within = node.position if isinstance(node.position, str) and not own else None
    if name.endswith("[]"):
        places: Iterable[tuple[int | str, Json]] = enumerate(value or ())
    elif name.endswith("{}"):
        places = sorted((value or {}).items())
    else:
        yield Node(node.root, parent, value)
        return
    yield from (Node(node.root, parent, element, place, within) for place, element in places)
