"""Overview: what MRR is today, how it moved, and whether the figures are fresh."""

from collections.abc import Mapping

from report.page import Page, View
from report.pages.movements import BY_MONTH, LEADS
from report.sql import query
from report.tables import Table


def tables(view: View) -> Mapping[str, Table]:
    """`waiting` and `deliveries` only where something was ever sent."""
    currency = {"currency": view.currency}
    found = {
        "mrr": Table("MRR by currency", query("overview/mrr"), marts=(BY_MONTH,), empty=NOT_YET),
        "mrr_by_month": Table(
            "MRR by month", query("overview/mrr_by_month"), currency, chart="mrr", empty=NOT_YET
        ),
        "movements": Table(
            "What moved MRR this month", query("overview/movements"), leads=LEADS, empty=NOT_YET
        ),
        "products": _sold("MRR by product", "overview/products", currency),
        "plans": _sold("MRR by plan", "overview/plans", currency),
        "attention": Table("What wants a look", query("overview/attention"), empty=CLEAN),
    }
    if "sync_runs" in view.copy.tables:
        found["waiting"] = Table(
            "Not in the account store yet", query("overview/waiting"), empty=ALL_SENT
        )
        found["deliveries"] = Table(
            "Last deliveries to the account store", query("overview/deliveries"), rows=5
        )
    return found


def _sold(title: str, name: str, currency: dict[str, str | None]) -> Table:
    ids = frozenset({"product_id", "price_id"})
    return Table(title, query(name), currency, rows=15, hidden=ids, empty=NOT_YET)


NOT_YET = "Nobody has paid yet: MRR shows with the first paid subscription."
ALL_SENT = "Nothing waits: the account store took every account."
CLEAN = "Nothing: every customer is linked and every amount is known."
PAGE = Page("/", "Overview", "overview.html", tables)
