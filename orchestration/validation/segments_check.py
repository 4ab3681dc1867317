"""What is wrong with `segments.yml`: its YAML, its keys, the fields and values of its conditions.

Enters: the file. Leaves: findings. Which fields there are is known from the models, without data;
a metadata key may always be named.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from orchestration.configuration.named_files import NamedFiles
from orchestration.user_files.finding import Finding
from orchestration.user_files.yaml_file import YamlFile
from orchestration.validation.model_columns import Tables, model_columns
from orchestration.validation.own_traits_check import own_columns
from report.filters.tree import Condition, Node, WrongFilter
from report.segments.condition_sql import compiled
from report.segments.definition import Segment, right_and_wrong
from report.segments.segments_file import MOST_BYTES

Way = tuple[str | int, ...]
ANY_TIME = datetime(2026, 1, 1, tzinfo=UTC)  # nothing is asked, only compiled


def segments_findings(files: NamedFiles) -> Iterator[Finding]:
    """No file is none."""
    file = YamlFile(files.segments_file, MOST_BYTES)
    yield from file.unreadable
    if file.data is None:
        return
    found, wrong = right_and_wrong(file.data)
    for error in wrong:
        yield file.finding(error.at, str(error))
    tables = {**model_columns(), **own_columns(files)} if found else {}
    for segment in found:
        for way, text in _wrong_conditions(segment, tables):
            yield file.finding((*_way_to(file.data, segment), *way), text)


def _way_to(data: Any, segment: Segment) -> Way:
    names = [one.get("name") if isinstance(one, dict) else None for one in data["segments"]]
    return ("segments", names.index(segment.name), "where")


def _wrong_conditions(segment: Segment, tables: Tables) -> Iterator[tuple[Way, str]]:
    for way, condition in conditions(segment.where):
        if text := why_wrong(condition, tables):
            yield way, f"segment '{segment.name}': {text}"


def why_wrong(condition: Condition, tables: Tables) -> str | None:
    """None: there is such a field, and it takes that operator and value."""
    try:
        compiled(condition, tables, ANY_TIME)
    except WrongFilter as error:
        return str(error)
    return None


def conditions(node: Node, way: Way = ()) -> Iterator[tuple[Way, Condition]]:
    """Each with the way to it."""
    if isinstance(node, Condition):
        yield way, node
        return
    for number, part in enumerate(node.parts):
        yield from conditions(part, (*way, node.kind, number))
