"""What stands at the end of a way, marts and account store: to be compared with what a first import
makes of the same Stripe. What may differ is named here, with its reason.

Enters: a folder of data. Leaves: an `Outcome`.
"""

import sqlite3
from collections.abc import Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

Rows = set[tuple[Any, ...]]

MARTS = (
    "account_traits",
    "accounts",
    "data_quality_affected",
    "data_quality_issues",
    "invoices",
    "mrr_breakdown",
    "mrr_by_plan",
    "mrr_by_product",
    "multi_subscription_traits",
    "revenue_at_risk",
    "single_subscription_traits",
    "subscriptions",
    "trial_conversions",
    "unlinked_customers",
)
STORED = "name, traits, lifecycle_status, status_since, trial_ends_at, renewal_at, churned_at, mrr"
# What may differ, and why.
HISTORY = {  # kept month by month here, estimated from invoices there: test_estimated_history
    "mrr_by_month": "is compared for the month that runs; 0 is known of who had more",
    "mrr_now": "is the sum of that month",
    "mrr_cohorts": "is a sum of it",
    "metrics_by_month": "is made of sums of it",
    "mrr_movements": "begins at the month before",
    "mrr_movements_by_month": "is a sum of it",
    "days": "are those since the first month",
    "mart_comparisons": "say what a full build here was like",
    "quarantined_objects": "say when each was read, which is another moment here",
}
MRR_STAYS = "an MRR that is not known stays as it was, and a first import has none that could stay"
GONE = "of a customer that was deleted before the first import, that one knows nothing but the id"
SUMS = {"trial_conversions"}  # of all who were ever there: they differ where somebody is GONE
CLOSED = {"invoices": "where status in ('paid', 'open')"}  # as landed.LISTED
LEFT = "an account whose only customer names another by now keeps its row until somebody ends it"


@dataclass
class Outcome:
    """What stands at the end, by name: the rows of each mart, the account store's by account."""

    marts: dict[str, Rows] = field(default_factory=dict)
    store: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)  # accounts with a subscription of no known MRR


def outcome(marts: Path, store: Path) -> Outcome:
    """Of the published copy, and of an account store in SQLite."""
    found = Outcome()
    with duckdb.connect(str(marts), read_only=True) as database:
        for name in MARTS:
            only = CLOSED.get(name, "")
            rows = database.execute(f"select columns(*)::varchar from {name} {only}").fetchall()
            found.marts[name] = set(rows)
        running = (
            "account_id, currency, mrr from mrr_by_month where month = (from last) and mrr <> 0"
        )
        found.marts["mrr_by_month"] = set(
            database.execute(
                f"with last as (select max(month) from mrr_by_month) select {running}"
            ).fetchall()
        )
        rows = database.execute(
            "select account_id from subscriptions where is_live and mrr_normalized is null"
        ).fetchall()
        found.unknown = {account for (account,) in rows}
        tables = database.execute(
            "select table_name from information_schema.tables where table_schema = 'main'"
        ).fetchall()
    ours = {name for (name,) in tables if not name.startswith(("sync_", "dead_letters"))}
    assert ours == {*MARTS, *HISTORY}
    with sqlite3.connect(store) as database:
        rows = database.execute(f"select account_id, {STORED} from accounts")
        found.store = {row[0]: row[1:] for row in rows}
    return found


def unknown_amounts(there: Outcome) -> set[str]:
    """The accounts of MRR_STAYS."""
    return {row[0] for row in there.marts["account_traits"] if row[4] is not None}


def without(rows: Rows, gone: Set[str]) -> Rows:
    """The rows of a mart that are about none of these customers and accounts: GONE."""
    return {
        row for row in rows if not gone or (gone.isdisjoint(row) and "deleted_customer" not in row)
    }


def compared(row: tuple[Any, ...] | None, unknown: bool) -> tuple[Any, ...] | None:
    return row[:-1] if row and unknown else row  # MRR_STAYS
