"""Walking Stripe's JSON: from a path in `landing` to values and to nested elements.

Enters: an object as parsed JSON. Leaves: nodes and values. No table, no type, no rule belongs here.
"""

from collections.abc import Callable, Iterator
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

    @property
    def key(self) -> str:
        return f"{self.parent['id']}:{self.object.get('id') or self.position}"


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
    parent = node.object if "id" in node.object else node.parent
    if name.endswith("[]"):
        yield from (Node(node.root, parent, element, i) for i, element in enumerate(value or ()))
    elif name.endswith("{}"):
        yield from (
            Node(node.root, parent, element, k) for k, element in sorted((value or {}).items())
        )
    else:
        yield Node(node.root, parent, value)
