"""On which line of a YAML file a key stands.

Enters: a file's text, the way to a value by keys and numbers. Leaves: the line, from 1. A way that
leads nowhere ends at the last part that there is.
"""

from collections.abc import Iterable, Iterator

import yaml

Way = Iterable[str | int]


def syntax_error(text: str) -> tuple[int | None, str] | None:
    """The line and what is wrong there; None: it is YAML."""
    try:
        root = yaml.compose(text, yaml.SafeLoader)
        return next(_twice(root), None) if root else None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or "cannot be read"
        return (mark.line + 1 if mark else None), f"{problem}: correct the YAML"
    except RecursionError:
        return None, "the lists are too deep: take some out"


def _twice(node: yaml.Node) -> Iterator[tuple[int, str]]:
    """Keys of which YAML would take the last one and drop the others without a word."""
    if isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _twice(value)
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                yield key.start_mark.line + 1, f"'{key.value}' stands twice: keep one of them"
            seen |= {key.value} if isinstance(key.value, str) else set()
            yield from _twice(value)


def line_of(text: str, way: Way) -> int:
    """`text` is YAML."""
    node, line = yaml.compose(text, yaml.SafeLoader), 1
    for part in way:
        found = _below(node, part)
        if found is None:
            break
        line, node = found
    return line


def _below(node: yaml.Node | None, part: str | int) -> tuple[int, yaml.Node] | None:
    """The line on which the part begins, and its value."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(part):
                return key.start_mark.line + 1, value
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        value = node.value[part]
        return value.start_mark.line + 1, value
    return None
