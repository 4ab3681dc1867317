"""Segments saved, changed and deleted from the page: all that the report writes.

Enters: the fields of a form, the file, the published copy. Leaves: `segments.yml` with the change,
or why not. It is checked as `stripe-traits segments import` checks it. A segment is changed or
deleted only as it stood when the form was opened: what somebody else changed meanwhile is kept.
"""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlencode

from report.filters.tree import WrongFilter, node_data, parsed
from report.published import Copy
from report.segments import published_segments
from report.segments.definition import Segment, WrongSegment, segments
from report.segments.segments_file import change

MOST_DESCRIBED = 500


def act(given: Mapping[str, str], file: Path | None, copy: Copy) -> str:
    """Do what the form asks for; where it leads to. Raises WrongSegment, WrongFilter."""
    if file is None:
        raise WrongSegment("this report has no file of segments")
    if given.get("action") == "delete":
        _delete(given, file)
        return "/segments"
    made = _segment(given)
    published_segments.count(copy, made)  # names a field that there is not, and a wrong value
    if given.get("action") == "change":
        _replace(given, file, made)
    else:
        _add(file, made)
    return f"/segment?{urlencode({'name': made.name})}"


def _segment(given: Mapping[str, str]) -> Segment:
    where = parsed(given.get("where"))
    if not where.parts:
        raise WrongFilter("a segment needs a condition: add a filter first")
    described = {
        "name": given.get("name", "").strip(),
        "description": given.get("description", "").strip()[:MOST_DESCRIBED],
    }
    [made] = segments({"segments": [{**described, "where": node_data(where)}]})
    return made


def _add(file: Path, made: Segment) -> None:
    def added(kept: list[Segment]) -> list[Segment]:
        if made.name in {one.name for one in kept}:
            raise WrongSegment(f"there is a segment '{made.name}' already: choose another name")
        return [*kept, made]

    change(file, added)


def _replace(given: Mapping[str, str], file: Path, made: Segment) -> None:
    def replaced(kept: list[Segment]) -> list[Segment]:
        old = _unchanged(kept, made.name, given)
        return [made if one is old else one for one in kept]

    change(file, replaced)


def _delete(given: Mapping[str, str], file: Path) -> None:
    def rest(kept: list[Segment]) -> list[Segment]:
        old = _unchanged(kept, given.get("name", ""), given)
        return [one for one in kept if one is not old]

    change(file, rest)


def _unchanged(kept: list[Segment], name: str, given: Mapping[str, str]) -> Segment:
    found = next((one for one in kept if one.name == name), None)
    if found is None:
        raise WrongSegment(f"segment '{name[:60]}' is not saved any more: nothing was changed")
    if found.version != given.get("version"):
        raise WrongSegment(f"segment '{name}' was changed meanwhile: open it again, then change it")
    return found
