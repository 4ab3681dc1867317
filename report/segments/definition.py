"""What a segment is: a name, a description, and conditions in groups of `all` and `any`.

Enters: data as `segments.yml` has it. Leaves: `Segment`s, or one line that names the segment, the
key and the remedy. Whether a field exists is known where there are accounts, not here.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from report.filters import Condition

NAME = re.compile(r"[a-z][a-z0-9_-]{0,59}")
MOST_SEGMENTS, MOST_CONDITIONS, DEEPEST = 500, 50, 5
KEYS = ("name", "description", "where")
OF_CONDITION = ("field", "operator", "value")
SHAPE = "write {field: ..., operator: ..., value: ...}, or a list under 'all' or 'any'"


class WrongSegment(ValueError):
    """The text names the segment, the key and what to write instead."""


@dataclass(frozen=True)
class Group:
    """Of `parts` all must hold, or any."""

    kind: Literal["all", "any"]
    parts: tuple["Node", ...]


Node = Condition | Group


@dataclass(frozen=True)
class Segment:
    """The accounts for which `where` holds."""

    name: str
    description: str
    where: Node

    def as_data(self) -> dict[str, Any]:
        """As `segments.yml` has it."""
        return {"name": self.name, "description": self.description, "where": node_data(self.where)}


def node_data(node: Node) -> dict[str, Any]:
    """A group or a condition as data; an empty value is left out."""
    if isinstance(node, Group):
        return {node.kind: [node_data(part) for part in node.parts]}
    return {name: value for name, value in asdict(node).items() if value}


def conditions(node: Node) -> Iterator[Condition]:
    """All of a tree, in their order."""
    if isinstance(node, Condition):
        yield node
        return
    for part in node.parts:
        yield from conditions(part)


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
    where = _node(data.get("where"), name, 1)
    if len(list(conditions(where))) > MOST_CONDITIONS:
        raise WrongSegment(f"segment '{name}': at most {MOST_CONDITIONS} conditions")
    return Segment(name, str(data.get("description") or ""), where)


def _node(data: object, name: str, depth: int) -> Node:
    if not isinstance(data, Mapping) or depth > DEEPEST:
        raise WrongSegment(f"segment '{name}': where: {SHAPE}; at most {DEEPEST} levels")
    for kind in ("all", "any"):
        if kind in data:
            return _group(kind, data, name, depth)
    unknown = [str(key) for key in data if key not in OF_CONDITION]
    if unknown or not {"field", "operator"} <= {*data}:
        raise WrongSegment(f"segment '{name}': where: {SHAPE}")
    return Condition(**{key: _text(value) for key, value in data.items()})


def _group(kind: Literal["all", "any"], data: Mapping[Any, Any], name: str, depth: int) -> Group:
    parts = data[kind]
    if len(data) > 1 or not isinstance(parts, list) or not parts:
        raise WrongSegment(f"segment '{name}': '{kind}' takes a list, and nothing beside it")
    return Group(kind, tuple(_node(part, name, depth + 1) for part in parts))


def _text(value: object) -> str:
    """YAML reads `yes`, 5 and dates as what they look like; the operators read text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
