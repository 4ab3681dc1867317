"""Movements: what moved MRR month by month, and the accounts behind each bar."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from report.page import Page, View
from report.sql import query
from report.tables import Shown, Table

MOVEMENTS = ("new", "expansion", "reactivation", "contraction", "churn", "fx")
LEADS = {f"{one}_mrr": one for one in MOVEMENTS}
BY_MONTH = "mrr_movements_by_month"
NOT_YET = "Nobody has paid yet: movements show with the first paid subscription."


def tables(view: View) -> Mapping[str, Table]:
    """The accounts are those of the chosen month and movement."""
    currency = {"currency": view.currency}
    month, movement = chosen_month(view), chosen_movement(view)
    which = {**currency, "month": month, "movement": movement}
    moved = movement.capitalize() if movement else "All movements"
    return {
        "by_month": Table(
            "What moved MRR",
            query("movements/by_month"),
            currency,
            chart="movements",
            leads=LEADS,
            marts=(BY_MONTH,),
            empty=NOT_YET,
        ),
        "accounts": Table(
            f"{moved} in {month:%B %Y}" if month else "Accounts",
            query("movements/accounts"),
            which,
            rows=50,
            empty="No account moved so in this month.",
        ),
        "metrics": Table(
            "How well revenue is kept",
            query("movements/metrics"),
            currency,
            marts=("metrics_by_month", BY_MONTH),
        ),
        "trials": Table(
            "Trials that were paid for",
            query("movements/trials"),
            currency,
            marts=("trial_conversions",),
            empty="No trial has ended yet.",
        ),
    }


def context(view: View, shown: Mapping[str, Shown]) -> Mapping[str, Any]:
    """What the links to movements and months choose from."""
    month = chosen_month(view)
    months = [row["month"] for row in shown["by_month"].records]  # the newest first
    return {
        "movements": MOVEMENTS,
        "movement": chosen_movement(view),
        "before": next((one for one in months if month and one < month), None),
        "after": next((one for one in reversed(months) if month and one > month), None),
    }


def chosen_movement(view: View) -> str | None:
    """None: all of them."""
    return view["movement"] if view["movement"] in MOVEMENTS else None


def chosen_month(view: View) -> date | None:
    """That of the address, else the newest; None: there is no month at all."""
    try:
        return date.fromisoformat(view["month"] or "")
    except ValueError:
        newest: date | None = view.copy.rows(query("shared/newest_month"))[0]["month"]
        return newest


PAGE = Page("/movements", "Movements", "movements.html", tables, context)
