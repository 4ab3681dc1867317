"""A form-encoded body as a tree, and trees as typed values, refused in Stripe's words.

Enters: names and values as the official SDK sends them (`items[0][price]=p`). Leaves: plain
values by name. What they mean is the endpoints' concern.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sandbox.errors import StripeError, unknown_parameter
from sandbox.shapes import Json

Node = Any  # a text, or a dict of nodes: which of them only the reader of the field knows
Read = Callable[[Node, str], Any]  # the node and its name as the caller wrote it
Fields = Mapping[str, Read]
_NAME = re.compile(r"^([^\[\]]+)((?:\[[^\[\]]*\])*)$")


def tree(pairs: Iterable[tuple[str, str]]) -> dict[str, Node]:
    """`a[b][0]=x` becomes `{"a": {"b": {"0": "x"}}}`; `a[]` goes on counting."""
    root: dict[str, Node] = {}
    for name, value in pairs:
        match = _NAME.match(name)
        if match is None:
            raise unknown_parameter(name)
        path = [match[1], *re.findall(r"\[([^\[\]]*)\]", match[2])]
        place = root
        for index, segment in enumerate(path[:-1]):
            key = segment or _counted(place, path[index + 1])
            below = place.setdefault(key, {})
            if not isinstance(below, dict):
                raise _malformed(name)
            place = below
        place[path[-1] or str(len(place))] = value
    return root


def read(node: Mapping[str, Node], fields: Fields, required: Iterable[str] = ()) -> Json:
    """The values of a whole request; what no field names is refused."""
    return _read(node, fields, required, "")


def text(node: Node, name: str) -> str:
    if not isinstance(node, str):
        raise StripeError(f"Invalid string: {name}", param=name)
    if not node:
        raise StripeError(
            f"You passed an empty string for '{name}'. We assume empty values are an attempt to"
            f" unset a parameter; however '{name}' cannot be unset. You should remove '{name}'"
            " from your request or supply a non-empty value.",
            code="parameter_invalid_empty",
            param=name,
        )
    return node


def integer(node: Node, name: str) -> int:
    if not re.fullmatch(r"-?\d{1,15}", given := text(node, name)):
        raise StripeError(f"Invalid integer: {given}", code="parameter_invalid_integer", param=name)
    return int(given)


def natural(node: Node, name: str) -> int:
    """An integer that is not negative."""
    if (value := integer(node, name)) < 0:
        raise StripeError(
            "This value must be greater than or equal to 0.",
            code="parameter_invalid_integer",
            param=name,
        )
    return value


def at_most(most: int) -> Read:
    """A positive integer up to a limit of Stripe's."""

    def take(node: Node, name: str) -> int:
        if not 1 <= (value := integer(node, name)) <= most:
            raise StripeError(
                f"This value must be between 1 and {most}.",
                code="parameter_invalid_integer",
                param=name,
            )
        return value

    return take


def boolean(node: Node, name: str) -> bool:
    if (given := text(node, name)) not in ("true", "false"):
        raise StripeError(f"Invalid boolean: {given}", param=name)
    return given == "true"


def decimal(node: Node, name: str) -> str:
    """A decimal number, kept as it was written."""
    if not re.fullmatch(r"-?\d{1,12}(\.\d{1,12})?", given := text(node, name)):
        raise StripeError(f"Invalid decimal: {given}", param=name)
    return given


def percent(node: Node, name: str) -> float:
    value = float(decimal(node, name))
    if not 0 < value <= 100:
        raise StripeError("Percent must be above 0 and at most 100.", param=name)
    return value


def choice(*choices: str) -> Read:
    def take(node: Node, name: str) -> str:
        if (given := text(node, name)) not in choices:
            raise StripeError(f"Invalid {name}: must be one of {', '.join(choices)}", param=name)
        return given

    return take


def either(word: str, other: Read) -> Read:
    """One certain word, or another value."""
    return lambda node, name: node if node == word else other(node, name)


def clearable(plain: Read) -> Read:
    """An empty text unsets: None."""
    return lambda node, name: None if node == "" else plain(node, name)


def record(fields: Fields, *required: str) -> Read:
    def take(node: Node, name: str) -> Json:
        if not isinstance(node, dict):
            raise StripeError("Invalid object", param=name)
        return _read(node, fields, required, name)

    return take


def listed(element: Read) -> Read:
    """A list in the order of its indexes; an empty text is an empty list."""

    def take(node: Node, name: str) -> list[Any]:
        if node == "":
            return []
        if not isinstance(node, dict) or not all(key.isdigit() for key in node):
            raise StripeError("Invalid array", param=name)
        keys = sorted(node, key=int)
        return [element(node[key], f"{name}[{key}]") for key in keys]

    return take


def metadata(node: Node, name: str) -> Json | None:
    """Key and text; an empty text unsets a key, an empty whole unsets all (None)."""
    if node == "":
        return None
    if not isinstance(node, dict) or not all(isinstance(value, str) for value in node.values()):
        raise StripeError("Invalid metadata: give texts by key", param=name)
    for key, value in node.items():
        if len(key) > 40 or len(value) > 500:
            raise StripeError(
                f"Metadata keys have at most 40 characters, values 500: {key}",
                param=f"{name}[{key}]",
            )
    return dict(node)


def merged(old: Json, change: Json | None) -> Json:
    """Metadata after a change."""
    return {k: v for k, v in (old | change).items() if v != ""} if change is not None else {}


def missing_parameter(name: str) -> StripeError:
    return StripeError(f"Missing required param: {name}.", code="parameter_missing", param=name)


def _read(node: Mapping[str, Node], fields: Fields, required: Iterable[str], start: str) -> Json:
    def written(key: str) -> str:
        return f"{start}[{key}]" if start else key

    for key in node:
        if key not in fields:
            raise unknown_parameter(written(key))
    for key in required:
        if key not in node:
            raise missing_parameter(written(key))
    return {key: fields[key](value, written(key)) for key, value in node.items()}


def _counted(place: dict[str, Node], following: str) -> str:
    """Of `a[][b]`: the element that is being filled, or a new one once it has its `b`."""
    last = place.get(str(len(place) - 1))
    filling = isinstance(last, dict) and following and following not in last
    return str(len(place) - 1 if filling else len(place))


def _malformed(name: str) -> StripeError:
    return StripeError(f"Invalid parameter: {name} is given as a value and as an object.")
