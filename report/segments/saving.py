"""Saving a segment from the page: the one thing that the report writes.

Enters: a form that the page has given out, with its token. Leaves: `segments.yml` with one segment
more, or why not. It is checked as `stripe-traits segments import` checks it.
"""

import hmac
import threading
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qsl

from starlette.requests import Request

from report.filters import parsed
from report.published import Copy
from report.segments import published_segments
from report.segments.definition import Group, Segment, WrongSegment, node_data, segments
from report.segments.segments_file import read, write
from report.values import WrongFilter

MOST_BYTES = 64 << 10
_writing = threading.Lock()


class Refused(Exception):
    """The form is not of this report, or too long; the text says which."""


async def form(request: Request, token: str) -> Mapping[str, str]:
    """The form's fields. Raises Refused where its token is not the one that the page gave out."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise Refused(f"A segment takes at most {MOST_BYTES >> 10} KiB")
    given = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    if not hmac.compare_digest(given.get("token", "").encode(), token.encode()):
        raise Refused("This form was opened before the report started: open the page again")
    return given


def save(given: Mapping[str, str], file: Path | None, copy: Copy) -> Segment:
    """Raises WrongSegment, WrongFilter."""
    if file is None:
        raise WrongSegment("this report has no file of segments")
    made = _segment(given)
    published_segments.count(copy, made)  # names a field that there is not, and a wrong value
    with _writing:
        kept = read(file)
        if made.name in {one.name for one in kept}:
            raise WrongSegment(f"there is a segment '{made.name}' already: choose another name")
        write(file, [*kept, made])
    return made


def _segment(given: Mapping[str, str]) -> Segment:
    found = parsed(given.get("where"))
    if not found:
        raise WrongFilter("a segment needs a condition: add a filter first")
    where = node_data(Group("all", tuple(found)))
    name = given.get("name", "").strip()
    described = {"name": name, "description": given.get("description", "").strip()[:500]}
    [made] = segments({"segments": [{**described, "where": where}]})
    return made
