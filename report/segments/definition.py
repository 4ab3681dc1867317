"""What a segment is: a name, a description, and conditions in groups of `all` and `any`.

Enters: data as `segments.yml` has it. Leaves: `Segment`s, or one line that names the segment, the
key and the remedy. Whether a field exists is known where there are accounts, not here.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from report.filters.tree import Node, WrongFilter, node, node_data

NAME = re.compile(r"[a-z][a-z0-9_-]{0,59}")
MOST_SEGMENTS = 500
KEYS = ("name", "description", "where")
Way = tuple[str | int, ...]


class WrongSegment(ValueError):
    """The text names the segment, the key and what to write instead; `at` is the way to it in the
    file, by keys and numbers."""

    def __init__(self, text: str, at: Way = ()) -> None:
        super().__init__(text)
        self.at = at


@dataclass(frozen=True)
class Segment:
    """The accounts for which `where` holds."""

    name: str
    description: str
    where: Node

    def as_data(self) -> dict[str, Any]:
        """As `segments.yml` has it."""
        return {"name": self.name, "description": self.description, "where": node_data(self.where)}

    @property
    def version(self) -> str:
        """Another one whenever something of it changed."""
        return hashlib.sha256(json.dumps(self.as_data()).encode()).hexdigest()[:12]


def segments(data: object) -> list[Segment]:
    """Those of a file. Raises WrongSegment."""
    found, wrong = right_and_wrong(data)
    if wrong:
        raise wrong[0]
    return found


def right_and_wrong(data: object) -> tuple[list[Segment], list[WrongSegment]]:
    """Those of a file that can be read, and what is wrong with the others."""
    listed = data.get("segments") if isinstance(data, Mapping) else None
    if not isinstance(listed, list):
        return [], [WrongSegment("write a list under 'segments'")]
    if len(listed) > MOST_SEGMENTS:
        return [], [WrongSegment(f"at most {MOST_SEGMENTS} segments", ("segments",))]
    found, wrong = dict[str, Segment](), list[WrongSegment]()
    for number, one in enumerate(listed):
        try:
            segment = _segment(one, number)
            if segment.name in found:
                raise _twice(segment.name, number)
            found[segment.name] = segment
        except WrongSegment as error:
            wrong.append(error)
    return [*found.values()], wrong


def _twice(name: str, number: int) -> WrongSegment:
    text = f"segment '{name}' stands there twice: give one another name"
    return WrongSegment(text, ("segments", number, "name"))


def _segment(data: object, number: int) -> Segment:
    """`number` counts from 0."""
    at = ("segments", number)
    if not isinstance(data, Mapping) or not isinstance(data.get("name"), str):
        raise WrongSegment(f"segment {number + 1}: write 'name', 'description' and 'where'", at)
    name = data["name"]
    if not NAME.fullmatch(name):
        raise WrongSegment(
            f"segment {number + 1}: name '{name[:60]}': small letters, digits, _ and - alone, a"
            " letter first, at most 60",
            (*at, "name"),
        )
    if unknown := [str(key) for key in data if key not in KEYS]:
        text = f"segment '{name}': '{unknown[0]}' is no key; known: {', '.join(KEYS)}"
        raise WrongSegment(text, (*at, unknown[0]))
    try:
        return Segment(name, str(data.get("description") or ""), node(data.get("where")))
    except WrongFilter as error:
        raise WrongSegment(f"segment '{name}': {error}", (*at, "where")) from None
