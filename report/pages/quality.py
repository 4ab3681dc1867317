"""Data quality: what is in no account, what keeps figures from being known, what was not sent."""

from collections.abc import Mapping

from report.page import Page, View
from report.sql import query
from report.tables import Table


def tables(view: View) -> Mapping[str, Table]:
    """`affected` with a cause in the address, the deliveries where something was ever sent."""
    found = {
        "issues": Table("Causes to look at", query("quality/issues"), empty=NO_CAUSE),
        "unlinked_mrr": Table(
            "MRR that is in no account", query("quality/unlinked_mrr"), empty=ALL
        ),
        "unlinked": Table("Customers in no account", query("quality/unlinked"), rows=25, empty=ALL),
    }
    if "quarantined_objects" in view.copy.tables:
        found["quarantined"] = Table(
            "Objects of Stripe that are kept out", query("quality/quarantined"), empty=ALL_READ
        )
    if issue := view["issue"]:
        affected = query("quality/affected")
        found["affected"] = Table("What this cause affects", affected, {"issue": issue})
    if "dead_letters" in view.copy.tables:
        kept_back = query("quality/kept_back")
        found["kept_back"] = Table("Not in the account store", kept_back, empty=ALL_SENT)
        found["drift"] = Table("Changed in the account store", query("quality/drift"), empty=SAME)
    return found


NO_CAUSE = "Nothing: every figure is known."
ALL = "None: every customer is linked to an account."
ALL_READ = "None: every object that Stripe sent could be read."
ALL_SENT = "None: the account store took every account."
SAME = "None, as far as the last comparison found: stripe-traits reconcile --store compares."
PAGE = Page("/quality", "Data quality", "quality.html", tables)
