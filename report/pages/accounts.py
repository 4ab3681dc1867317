"""Accounts: all of them, searched, filtered by any trait or metadata key, with chosen columns."""

from collections.abc import Mapping
from typing import Any

from report.filters.fields import LABELS
from report.filters.operators import DATE, OPERATORS
from report.filters.tree import Condition, Group, written
from report.page import Page, View
from report.pages.builder import box, groups, with_condition
from report.segments.definition import Segment
from report.segments.segments_file import saved
from report.selection import ID, Selection
from report.tables import Shown, Table

ROWS = 50
EMPTY = "No account fulfils these conditions: take one out, or search for less."


def tables(view: View) -> Mapping[str, Table]:
    """Raises WrongFilter."""
    selection = Selection(view)
    text, parameters = selection.question("accounts")
    totals, of_totals = selection.question("totals")
    return {
        "accounts": Table(
            "Accounts",
            text,
            parameters,
            rows=ROWS,
            page=view.page,
            names=selection.names,
            labels=LABELS,
            is_chosen=True,
            hidden=frozenset(set(selection.names) - {ID, *selection.chosen}),
            empty=EMPTY,
        ),
        "totals": Table("MRR of these accounts", totals, of_totals),
    }


def context(view: View, _shown: Mapping[str, Shown]) -> Mapping[str, Any]:
    """What the forms offer, and the conditions that hold, each with the address without it."""
    selection = Selection(view)
    [counted] = view.copy.rows(*selection.question("count"))
    count = counted["accounts"]
    return {
        "selection": selection,
        "count": count,
        "without_mrr": counted["without_mrr"],
        "of_currency": lambda currency: _narrowed(selection, currency),
        "last_page": max(-(-count // ROWS), 1),
        "box": box(selection),
        "groups": groups(selection),
        "edited": _edited(view),
        "offered": [one for one in selection.fields.values() if one.kind in OPERATORS],
        "dates": [one for one in selection.fields.values() if OPERATORS.get(one.kind) is DATE],
        "columns": [one for one in selection.fields.values() if one.name != ID],
        "operators": _operators(),
    }


def _narrowed(selection: Selection, currency: str) -> str:
    """The address with the accounts of one currency alone."""
    alone, where = Condition("all_mrr_currency", "is", currency), selection.where
    rest = where.parts if where.kind == "all" else (where,)
    kept = Group("all", (*(one for one in rest if one != alone), alone))
    return selection.view.address(where=written(kept), page=None)


def _edited(view: View) -> Segment | None:
    """The saved segment that this filter changes, if the address names one."""
    kept, _ = saved(view.site.segments_file) if view["segment"] else ([], None)
    return next((one for one in kept if one.name == view["segment"]), None)


def _operators() -> list[tuple[str, str, str]]:
    """Name, label and kinds of each operator, once."""
    kinds: dict[tuple[str, str], list[str]] = {}
    for kind, offered in OPERATORS.items():
        for one in offered:
            kinds.setdefault((one.name, one.label), []).append(kind)
    return [(name, label, " ".join(held)) for (name, label), held in kinds.items()]


def _added(view: View) -> str | None:
    return with_condition(Selection(view))


PAGE = Page("/accounts", "Accounts", "accounts.html", tables, context, _added)
