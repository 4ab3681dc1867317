"""Segments: the saved ones, with their accounts and MRR, and how both moved."""

from collections.abc import Mapping
from typing import Any

from report.page import Page, View
from report.segments.schema import TABLES
from report.segments.segments_file import saved
from report.sql import query
from report.tables import Shown, Table

EMPTY = "No segment was judged yet."


def tables(view: View) -> Mapping[str, Table]:
    """None where no refresh has judged segments."""
    if not {*TABLES} <= set(view.copy.tables):
        return {}
    return {
        "segments": Table("Saved segments", query("segments/list"), rows=500, empty=EMPTY),
        "mrr": Table(
            "Their MRR, by currency",
            query("segments/mrr"),
            {"segment": None},
            rows=1_000,
            empty=EMPTY,
        ),
    }


def context(view: View, shown: Mapping[str, Shown]) -> Mapping[str, Any]:
    """Those that the next refresh will judge for the first time, or why the file cannot be read."""
    judged = {row["segment"] for row in shown["segments"].records} if shown else set()
    kept, problem = saved(view.site.segments_file)
    waiting = [one for one in kept if one.name not in judged]
    return {"waiting": waiting, "problem": problem}


PAGE = Page("/segments", "Segments", "segments.html", tables, context)
