"""What can be asked for: accounts, MRR, movements, segments; one function each.

Enters: a view, whose parameters are those of the request. Leaves: data of the pages' own questions,
each with the build that it is of. No figure is computed here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from report.api.checked import check
from report.api.paged import by_account, of_page
from report.page import View
from report.pages import account as account_page
from report.pages import accounts as accounts_page
from report.pages import movements as movements_page
from report.pages import overview as overview_page
from report.pages import segment as segment_page
from report.segments.published_segments import summaries
from report.segments.schema import TABLES as SEGMENT_TABLES
from report.tables import Table

Data = dict[str, Any]
PARTS = ("breakdown", "months", "at_risk", "subscriptions", "invoices", "metadata", "quality")


class NotThere(Exception):
    """What was asked for by name does not exist; the text says what does."""


def accounts(view: View) -> Data:
    """Accounts, all or those that `where` and `search` choose; `column` names more columns."""
    tables = accounts_page.tables(view)
    paged = of_page if view["sort"] else by_account
    found, cursor = paged(view, "accounts", _by_names(tables["accounts"]))
    return {"accounts": found, "next_cursor": cursor}


def account(view: View) -> Data:
    """One account: its traits, MRR item by item, months, subscriptions, invoices, what is owed."""
    tables = account_page.tables(view)
    traits = view.shown("traits", tables["traits"]).records
    if not traits:
        raise NotThere(f"there is no account '{(view['id'] or '')[:100]}'")
    names = [*PARTS, *(name for name in ("to_send",) if name in tables)]
    return {"account": traits[0], **{name: _rows(view, name, tables[name]) for name in names}}


def mrr(view: View) -> Data:
    """MRR of the newest month by currency, and by month in one currency."""
    tables = overview_page.tables(view)
    by_month, cursor = of_page(view, "mrr_by_month", tables["mrr_by_month"])
    return {
        "mrr": _rows(view, "mrr", tables["mrr"]),
        "movements": _rows(view, "movements", tables["movements"]),
        "currency": view.currency,
        "by_month": by_month,
        "next_cursor": cursor,
    }


def movements(view: View) -> Data:
    """What moved MRR, month by month, and the accounts of one month."""
    tables = movements_page.tables(view)
    found, cursor = of_page(view, "accounts", tables["accounts"])
    return {
        "currency": view.currency,
        "by_month": _rows(view, "by_month", tables["by_month"]),
        "month": movements_page.chosen_month(view),
        "movement": movements_page.chosen_movement(view),
        "accounts": found,
        "next_cursor": cursor,
    }


def segments(view: View) -> Data:
    """The saved segments, with their accounts and MRR, and how both moved in 30 days."""
    return {"segments": summaries(view.copy)}


def segment(view: View) -> Data:
    """One segment and the accounts in it."""
    known = {one["segment"]: one for one in summaries(view.copy)}
    name = view["name"] or ""
    if name not in known or not {*SEGMENT_TABLES} <= {*view.copy.tables}:
        named = ", ".join(known) or "none was judged yet"
        raise NotThere(f"there is no segment '{name[:60]}'; there are: {named}")
    found, cursor = by_account(view, "members", segment_page.tables(view)["members"])
    return {"segment": known[name], "accounts": found, "next_cursor": cursor}


def answer(resource: "Resource", view: View) -> Data:
    """With the build that all figures are of. Raises WrongParameter, WrongFilter, NotThere."""
    build = view.build
    check(view)
    return {"build": build.get("id"), "as_of": view.as_of, **resource.asked(view)}


def _rows(view: View, name: str, table: Table) -> list[Data]:
    return view.shown(name, table).records


def _by_names(table: Table) -> Table:
    """The SQL names its columns by their place: named, one can be asked for by its name."""
    names = ", ".join('"' + name.replace('"', '""') + '"' for name in table.names or ())
    return Table(
        table.title,
        f"select * from ({table.sql}) as named({names})",
        table.parameters,
        names=table.names,
    )


@dataclass(frozen=True)
class Resource:
    """`parameters` of its address, besides those in its path."""

    path: str
    asked: Callable[[View], Data]
    parameters: tuple[str, ...] = ()

    @property
    def described(self) -> Mapping[str, Any]:
        return {
            "path": self.path.replace(":path", ""),
            "description": self.asked.__doc__,
            "parameters": list(self.parameters),
        }


PAGED = ("limit", "cursor")
CHOOSING = ("where", "search", "column", "sort", "order")
RESOURCES = (
    Resource("/api/accounts", accounts, (*CHOOSING, *PAGED)),
    Resource("/api/accounts/{id:path}", account),
    Resource("/api/mrr", mrr, ("currency", *PAGED)),
    Resource("/api/movements", movements, ("currency", "month", "movement", *PAGED)),
    Resource("/api/segments", segments),
    Resource("/api/segments/{name}", segment, PAGED),
)
