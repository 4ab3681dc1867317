"""An account: who it is, what it pays and why, what was sent, and where each value is from."""

from collections.abc import Mapping
from typing import Any

from report.filters.fields import LABELS, TABLES, fields, joins
from report.labels import METADATA
from report.page import Page, View
from report.sql import query
from report.tables import Shown, Table

NO_ISSUES = "Nothing: every figure of this account is known."
IN_STEP = "Nothing: the account store acknowledged all that the marts say."
# The section with the rows which a value is made of, by the first word that its source has.
SECTIONS = {
    "mrr_breakdown": "#breakdown",
    "invoice": "#invoices",
    "subscription": "#subscriptions",
    "price": "#subscriptions",
    "coupon": "#subscriptions",
    "customer.metadata": "#metadata",
}


def tables(view: View) -> Mapping[str, Table]:
    """`traits` is one wide row, all others are lists."""
    account = {"account": view["id"] or ""}

    def of(name: str, title: str, **more: Any) -> Table:
        return Table(title, query(f"account/{name}"), account, **more)

    found = {
        "traits": _traits(view, account),
        "breakdown": of("breakdown", "MRR, item by item", empty="It has no subscription."),
        "months": of("months", "MRR over its life", chart="mrr", empty="It never paid."),
        "at_risk": of("at_risk", "At risk", empty="Nothing of its MRR is at risk."),
        "subscriptions": of(
            "subscriptions", "Subscriptions", anchor="subscription_id", empty="It never had one."
        ),
        "invoices": of(
            "invoices", "Invoices", anchor="invoice_id", rows=25, empty="None is paid or open."
        ),
        "metadata": of("metadata", "Metadata", empty="The customer at Stripe has none."),
        "quality": of("quality", "Data quality", empty=NO_ISSUES),
    }
    if "sync_changelog" in view.copy.tables:
        found["to_send"] = of("to_send", "What would be sent now", rows=200, empty=IN_STEP)
        found["changes"] = of("changes", "What was sent", empty="Nothing yet.")
    return found


def context(view: View, _shown: Mapping[str, Shown]) -> Mapping[str, Any]:
    """The account's row, what its lifecycle was made of, and each trait with its source."""
    account = {"account": view["id"] or ""}
    facts = view.copy.rows(query("account/facts"), account)
    known = fields(view.copy.tables, view.copy.metadata_keys)
    sources = {name: _source(one.description) for name, one in known.items()}
    return {
        "facts": facts[0] if facts else None,
        "sources": sources,
        "sections": {name: _section(source) for name, source in sources.items()},
        "descriptions": {name: one.description for name, one in known.items()},
    }


def _traits(view: View, account: dict[str, Any]) -> Table:
    """Every column that is published of an account."""
    known = [
        one
        for one in fields(view.copy.tables, view.copy.metadata_keys).values()
        if not one.name.startswith(METADATA)
    ]
    text = query("accounts/accounts").format(
        columns=", ".join(one.expression for one in known),
        joins=joins({one.table for one in known} | {*TABLES}),
        conditions=" and ".join(f"{table}.account_id = $account" for table in TABLES),
        search="true",
        order="accounts.account_id",
    )
    return Table(
        "Traits", text, account, rows=1, names=tuple(one.name for one in known), labels=LABELS
    )


def _source(description: str) -> str:
    """Of `Sign kept. Unit: ... From customer.balance.` the fields at Stripe."""
    return (
        description.rpartition(" From ")[2].strip().rstrip(".").replace("`", "")
        if " From " in description
        else ""
    )


def _section(source: str) -> str | None:
    """Where the rows stand that a value is made of; None: at Stripe, in the customer."""
    return next((place for word, place in SECTIONS.items() if word in source), None)


PAGE = Page(
    "/account", "Account", "account.html", tables, context, within="/accounts", in_menu=False
)
