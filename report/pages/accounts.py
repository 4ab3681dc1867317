"""Accounts: all of them, searched, filtered by any trait or metadata key, with chosen columns."""

from collections.abc import Mapping
from typing import Any

from report.fields import LABELS
from report.filters import Condition, written
from report.operators import DATE, OPERATORS
from report.page import Page, View
from report.pages.words import words
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
        "chips": [_chip(selection, number) for number in range(len(selection.conditions))],
        "offered": [one for one in selection.fields.values() if one.kind in OPERATORS],
        "dates": [one for one in selection.fields.values() if OPERATORS.get(one.kind) is DATE],
        "columns": [one for one in selection.fields.values() if one.name != ID],
        "operators": _operators(),
    }


def _narrowed(selection: Selection, currency: str) -> str:
    """The address with the accounts of one currency alone."""
    alone = Condition("all_mrr_currency", "is", currency)
    kept = [one for one in selection.conditions if one != alone]
    return selection.view.address(where=written([*kept, alone]), page=None)


def added(view: View) -> str | None:
    """The address with the condition of the form added; None: the form was not sent."""
    if not (field := view["field"]):
        return None
    condition = Condition(field, view["operator"] or "", view.given.get("value", ""))
    conditions = [*Selection(view).conditions, condition]
    form = {"field": None, "operator": None, "value": None, "page": None}
    return view.address(where=written(conditions), **form)


def _chip(selection: Selection, number: int) -> dict[str, str]:
    condition = selection.conditions[number]
    rest = [*selection.conditions[:number], *selection.conditions[number + 1 :]]
    return {
        "text": " ".join(words(condition, selection.fields)),
        "without": selection.view.address(where=written(rest), page=None),
    }


def _operators() -> list[tuple[str, str, str]]:
    """Name, label and kinds of each operator, once."""
    kinds: dict[tuple[str, str], list[str]] = {}
    for kind, offered in OPERATORS.items():
        for one in offered:
            kinds.setdefault((one.name, one.label), []).append(kind)
    return [(name, label, " ".join(held)) for (name, label), held in kinds.items()]


PAGE = Page("/accounts", "Accounts", "accounts.html", tables, context, added)
