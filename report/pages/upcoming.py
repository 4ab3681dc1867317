"""Trials, renewals, at risk: what happens within the next days, and who left in the last ones."""

from collections.abc import Mapping
from typing import Any

from report.page import Page, View
from report.sql import query
from report.tables import Shown, Table

SPANS = (7, 30, 90)
DAYS = 30
RISKS = ("past_due", "canceling", "card_expires", "trial_without_card")
SAFE = "Nothing: no payment failed, nobody cancels, every card lasts."


def tables(view: View) -> Mapping[str, Table]:
    """All lists are of the same number of days."""
    days = chosen_days(view)
    near = {"as_of": view.as_of, "days": days}

    def of(name: str, title: str, empty: str) -> Table:
        return Table(title, query(f"upcoming/{name}"), near, rows=25, empty=empty)

    risk = {"risk": chosen_risk(view)}
    return {
        "risks": Table("MRR at risk", query("upcoming/risks"), empty=SAFE),
        "at_risk": Table("Who, why and when", query("upcoming/at_risk"), risk, rows=25, empty=SAFE),
        "trials": of("trials", f"Trials that end within {days} days", "No trial ends then."),
        "renewals": of("renewals", f"Renewals within {days} days", "Nothing renews then."),
        "churned": of("churned", f"Churned in the last {days} days", "Nobody left."),
    }


def context(view: View, _shown: Mapping[str, Shown]) -> Mapping[str, Any]:
    """The numbers of days and the risks to choose from."""
    return {"spans": SPANS, "days": chosen_days(view), "risks": RISKS, "risk": chosen_risk(view)}


def chosen_risk(view: View) -> str | None:
    """None: all of them."""
    return view["risk"] if view["risk"] in RISKS else None


def chosen_days(view: View) -> int:
    """One of the offered ones."""
    return next((days for days in SPANS if str(days) == view["days"]), DAYS)


PAGE = Page("/upcoming", "Trials and risks", "upcoming.html", tables, context)
