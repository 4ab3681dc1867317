"""One segment: its conditions in words, the accounts in it, who came into it and who left it."""

from collections.abc import Iterator, Mapping
from typing import Any

from report.filters.fields import Field, fields, metadata_keys
from report.filters.tree import Condition, Node, WrongFilter, as_group, conditions, written
from report.page import Page, View
from report.pages.words import words
from report.segments.schema import TABLES
from report.segments.segments_file import saved
from report.sql import query
from report.tables import Shown, Table

NOBODY = "No account fulfils its conditions."
ALL = {"all": "all of these hold", "any": "one of these holds"}


def tables(view: View) -> Mapping[str, Table]:
    if not {*TABLES} <= set(view.copy.tables):
        return {}
    of = {"segment": view["name"] or ""}
    return {
        "mrr": Table("What they pay together", query("segments/mrr"), of, empty=NOBODY),
        "days": Table(
            "Accounts and MRR by day",
            query("segments/days"),
            {**of, "currency": view.currency},
            rows=400,
            chart="days",
            empty="No refresh has judged it yet.",
        ),
        "members": Table(
            "Accounts in it",
            query("segments/members"),
            of,
            empty=NOBODY,
        ),
        "moved": Table(
            "Who came and who left", query("segments/moved"), of, empty="Nobody came or left."
        ),
    }


def context(view: View, _shown: Mapping[str, Shown]) -> Mapping[str, Any]:
    kept, problem = saved(view.site.segments_file)
    segment = next((one for one in kept if one.name == view["name"]), None)
    if segment is None:
        return {"segment": None, "problem": problem, "lines": []}
    named = [*conditions(segment.where)]
    keys = dict.fromkeys([*view.copy.metadata_keys, *metadata_keys(named)])
    lines = list(_lines(segment.where, fields(view.copy.tables, keys), 0))
    where = {"where": written(as_group(segment.where))}
    edit = {**where, "segment": segment.name, "version": segment.version}
    return {"segment": segment, "problem": problem, "lines": lines, "where": where, "edit": edit}


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


PAGE = Page(
    "/segment", "Segment", "segment.html", tables, context, in_menu=False, within="/segments"
)
