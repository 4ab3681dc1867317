"""What a page passes over and a program must hear of: a parameter whose value says nothing.

Enters: a view. Leaves: nothing, or the parameter and what it takes.
"""

from collections.abc import Iterable
from datetime import date

from report.api.paged import WrongParameter, limit
from report.page import View
from report.pages.movements import MOVEMENTS
from report.selection import Selection

SHOWN = 20  # names in one line


def check(view: View) -> None:
    """Raises WrongParameter."""
    limit(view)
    _one_of("currency", [view["currency"]], view.currencies)
    _one_of("movement", [view["movement"]], MOVEMENTS)
    _one_of("order", [view["order"]], ("asc", "desc"))
    if columns := [*view.given.getlist("column"), *filter(None, [view["sort"]])]:
        _one_of("column and sort", columns, Selection(view).fields)
    if month := view["month"]:
        _month(month)


def _one_of(name: str, given: Iterable[str | None], known: Iterable[str]) -> None:
    names = [*known]
    for one in given:
        if one is not None and one not in names:
            more = ", ..." if len(names) > SHOWN else ""
            listed = ", ".join(names[:SHOWN]) + more
            raise WrongParameter(f"{name}: '{one[:40]}' is not known; it takes {listed}")


def _month(given: str) -> None:
    try:
        is_first = date.fromisoformat(given).day == 1
    except ValueError:
        is_first = False
    if not is_first:
        text = f"month: '{given[:40]}' is no month; write its first day, such as 2025-06-01"
        raise WrongParameter(text)
