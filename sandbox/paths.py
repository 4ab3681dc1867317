"""Dotted paths into an object, through lists: the places enter, values or slots leave."""

from collections.abc import Iterator
from typing import Any

from sandbox.shapes import Json

Slot = tuple[Any, Any]  # a dict and a key, or a list and an index


def value(obj: Json, path: str) -> Any:
    """What is found at `path` (no lists on the way), None where the way ends early."""
    found: Any = obj
    for segment in path.split("."):
        if not isinstance(found, dict):
            return None
        found = found.get(segment)
    return found


def slots(obj: Json, path: str) -> Iterator[Slot]:
    """Every place that `path` leads to and that is not null; a list at its end is entered."""
    head, _, rest = path.partition(".")
    found = obj.get(head)
    if found is None:
        return
    if isinstance(found, list):
        for index, element in enumerate(found):
            if not rest:
                yield found, index
            elif isinstance(element, dict):
                yield from slots(element, rest)
    elif not rest:
        yield obj, head
    elif isinstance(found, dict):
        yield from slots(found, rest)
