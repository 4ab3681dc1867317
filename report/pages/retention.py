"""Retention: of those who began in a month, how many still pay, how much of their MRR is left."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from report.page import Page, View
from report.sql import query
from report.tables import Shown, Table

MEASURES = {"net_mrr_retention": "MRR", "account_retention": "Accounts"}
NOT_YET = "Nobody has paid yet: a cohort begins with its first paid subscription."
DARKEST = 10  # the heat map's last step, at this many tenths of the beginning


def tables(view: View) -> Mapping[str, Table]:
    """A row for each cohort and month since; the page has the newest 36 cohorts."""
    currency = {"currency": view.currency}
    text = query("retention/cohorts")
    return {
        "cohorts": Table(
            "Cohorts", text, currency, rows=36 * 37 // 2, marts=("mrr_cohorts",), empty=NOT_YET
        )
    }


def context(view: View, shown: Mapping[str, Shown]) -> Mapping[str, Any]:
    """The same rows, a line for each cohort."""
    measure = chosen_measure(view)
    lines: dict[Any, dict[str, Any]] = {}
    for row in shown["cohorts"].records:
        line = lines.setdefault(row["cohort_month"], {"accounts": row["accounts"], "cells": {}})
        line["cells"][row["months_since_start"]] = (row[measure], _step(row[measure]))
    last = max((max(line["cells"]) for line in lines.values()), default=0)
    return {"lines": lines, "ages": range(last + 1), "measure": measure, "measures": MEASURES}


def chosen_measure(view: View) -> str:
    """MRR unless accounts are asked for."""
    asked = view["measure"] or ""
    return asked if asked in MEASURES else next(iter(MEASURES))


def _step(share: Decimal | None) -> int:
    """How dark a cell is: tenths, rounded down."""
    return 0 if share is None else min(max(int(share * 10), 0), DARKEST)


PAGE = Page("/retention", "Retention", "retention.html", tables, context)
