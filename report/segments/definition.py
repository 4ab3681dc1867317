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


class WrongSegment(ValueError):
    """The text names the segment, the key and what to write instead."""


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
    listed = data.get("segments") if isinstance(data, Mapping) else None
    if not isinstance(listed, list):
        raise WrongSegment("write a list under 'segments'")
    if len(listed) > MOST_SEGMENTS:
        raise WrongSegment(f"at most {MOST_SEGMENTS} segments")
    found = [_segment(one, number) for number, one in enumerate(listed, start=1)]
    names = [one.name for one in found]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise WrongSegment(f"segment '{twice}' stands there twice: give one another name")
    return found


def _segment(data: object, number: int) -> Segment:
    if not isinstance(data, Mapping) or not isinstance(data.get("name"), str):
        raise WrongSegment(f"segment {number}: write 'name', 'description' and 'where'")
    name = data["name"]
    if not NAME.fullmatch(name):
        raise WrongSegment(
            f"segment {number}: name '{name[:60]}': small letters, digits, _ and - alone, a letter"
            " first, at most 60"
        )
    if unknown := [str(key) for key in data if key not in KEYS]:
        raise WrongSegment(f"segment '{name}': '{unknown[0]}' is no key; known: {', '.join(KEYS)}")
    try:
        return Segment(name, str(data.get("description") or ""), node(data.get("where")))
    except WrongFilter as error:
        raise WrongSegment(f"segment '{name}': {error}") from None
