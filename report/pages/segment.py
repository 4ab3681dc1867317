"""One segment: its conditions in words, the accounts in it, who came into it and who left it."""

from collections.abc import Iterator, Mapping
from typing import Any

from report.fields import Field, fields
from report.filters import Condition, written
from report.page import Page, View
from report.pages.words import words
from report.segments.condition_sql import metadata_keys
from report.segments.definition import Group, Node, conditions
from report.segments.membership import TABLES
from report.segments.segments_file import saved
from report.sql import query
from report.tables import Shown, Table
from report.values import WrongFilter

ALL = {"all": "all of these hold", "any": "one of these holds"}


def tables(view: View) -> Mapping[str, Table]:
    if not {*TABLES} <= set(view.copy.tables):
        return {}
    of = {"segment": view["name"] or ""}
    return {
        "members": Table(
            "Accounts in it",
            query("segments/members"),
            of,
            empty="No account fulfils its conditions.",
        ),
        "moved": Table(
            "Who came and who left", query("segments/moved"), of, empty="Nobody came or left."
        ),
    }


def context(view: View, _shown: Mapping[str, Shown]) -> Mapping[str, Any]:
    kept, problem = saved(view.site.segments_file)
    segment = next((one for one in kept if one.name == view["name"]), None)
    if segment is None:
        return {"segment": None, "problem": problem, "lines": [], "address": None}
    named = [*conditions(segment.where)]
    keys = dict.fromkeys([*view.copy.metadata_keys, *metadata_keys(named)])
    lines = list(_lines(segment.where, fields(view.copy.tables, keys), 0))
    return {
        "segment": segment,
        "problem": problem,
        "lines": lines,
        "address": _address(segment.where),
    }


def _lines(node: Node, known: Mapping[str, Field], depth: int) -> Iterator[tuple[int, str]]:
    """Depth and text of each line."""
    if isinstance(node, Condition):
        yield depth, _said(node, known)
        return
    if len(node.parts) > 1:
        yield depth, f"{ALL[node.kind]}:"
    for part in node.parts:
        yield from _lines(part, known, depth + (len(node.parts) > 1))


def _said(condition: Condition, known: Mapping[str, Field]) -> str:
    """A condition that fits no field is shown as it was saved."""
    try:
        return " ".join(words(condition, known))
    except WrongFilter:
        return " ".join((condition.field, condition.operator, condition.value)).strip()


def _address(where: Node) -> Mapping[str, str | None] | None:
    """What the page of accounts takes, where it can say the same; None: it cannot."""
    node = where if isinstance(where, Group) else Group("all", (where,))
    plain = [part for part in node.parts if isinstance(part, Condition)]
    if len(plain) < len(node.parts) or (node.kind == "any" and len(plain) > 1):
        return None
    return {"where": written(plain)}


PAGE = Page(
    "/segment", "Segment", "segment.html", tables, context, in_menu=False, within="/segments"
)
