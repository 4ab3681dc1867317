"""Conditions on accounts, alone or in groups of `all` and `any`: those of an address and a file.

Enters: data of JSON or YAML. Leaves: a tree, or one line that says what to write. Whether a field
exists is known where there are accounts, not here.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

MOST_CONDITIONS, DEEPEST = 50, 5
OF_CONDITION = ("field", "operator", "value")
SHAPE = "write {field: ..., operator: ..., value: ...}, or a list under 'all' or 'any'"


class WrongFilter(ValueError):
    """The text says which condition, and what it takes instead."""


@dataclass(frozen=True)
class Condition:
    """As an address and a file have it."""

    field: str
    operator: str
    value: str = ""


@dataclass(frozen=True)
class Group:
    """Of `parts` all must hold, or any. Only a filter that asks nothing has no parts."""

    kind: Literal["all", "any"]
    parts: tuple["Node", ...]


Node = Condition | Group
NOTHING = Group("all", ())


def parsed(text: str | None) -> Group:
    """Those of an address: a list, all of which must hold, or a tree. Raises WrongFilter."""
    if not text:
        return NOTHING
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        raise WrongFilter(f"where: {SHAPE}") from None
    if data == []:
        return NOTHING
    return as_group(node({"all": data} if isinstance(data, list) else data))


def written(where: Group) -> str | None:
    """As `parsed` reads them, a list where all must hold; None for no condition."""
    if not where.parts:
        return None
    data = node_data(where)
    return json.dumps(data["all"] if where.kind == "all" else data, ensure_ascii=False)


def as_group(where: Node) -> Group:
    """One condition is a group of one."""
    return where if isinstance(where, Group) else Group("all", (where,))


def node(data: object) -> Node:
    """The tree that data describe. Raises WrongFilter."""
    found = _node(data, 1)
    if len(list(conditions(found))) > MOST_CONDITIONS:
        raise WrongFilter(f"where: at most {MOST_CONDITIONS} conditions")
    return found


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


def _node(data: object, depth: int) -> Node:
    if not isinstance(data, Mapping) or depth > DEEPEST:
        raise WrongFilter(f"where: {SHAPE}; at most {DEEPEST} levels")
    if "all" in data:
        return Group("all", _parts("all", data, depth))
    if "any" in data:
        return Group("any", _parts("any", data, depth))
    unknown = [str(key) for key in data if key not in OF_CONDITION]
    if unknown or not {"field", "operator"} <= {*data}:
        raise WrongFilter(f"where: {SHAPE}")
    return Condition(**{key: _text(value) for key, value in data.items()})


def _parts(kind: str, data: Mapping[Any, Any], depth: int) -> tuple[Node, ...]:
    parts = data[kind]
    if len(data) > 1 or not isinstance(parts, list) or not parts:
        raise WrongFilter(f"where: '{kind}' takes a list, and nothing beside it")
    return tuple(_node(part, depth + 1) for part in parts)


def _text(value: object) -> str:
    """YAML reads `yes`, 5 and dates as what they look like; the operators read text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
