"""Overview: what MRR is today, how it moved, and whether the figures are fresh."""

from collections.abc import Mapping

from report.page import Page, View
from report.pages.movements import LEADS
from report.tables import Table, query


def tables(view: View) -> Mapping[str, Table]:
    """`deliveries` only where something was ever sent."""
    by_month = {"currency": view.currency}
    found = {
        "mrr": Table("MRR by currency", query("overview/mrr"), empty=NOT_YET),
        "mrr_by_month": Table(
            "MRR by month", query("overview/mrr_by_month"), by_month, chart="mrr", empty=NOT_YET
        ),
        "movements": Table(
            "What moved MRR this month", query("overview/movements"), leads=LEADS, empty=NOT_YET
        ),
        "attention": Table("What wants a look", query("overview/attention"), empty=CLEAN),
    }
    if "sync_runs" in view.copy.tables:
        found["deliveries"] = Table(
            "Last deliveries to the account store", query("overview/deliveries"), rows=5
        )
    return found


NOT_YET = "Nobody has paid yet: MRR shows with the first paid subscription."
CLEAN = "Nothing: every customer is linked and every amount is known."
PAGE = Page("/", "Overview", "overview.html", tables)
