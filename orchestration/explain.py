"""`stripe-traits explain`: an account's traits, the fields they come from, its MRR to the cent.

Enters: the published marts and the seed of traits. Leaves: a page of lines, or JSON. What is shown
was computed by the models; nothing is computed again here.
"""

import csv
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import duckdb
from rich.console import Console

from orchestration.explain_lines import Explanation, lines
from orchestration.failures import Unknown
from orchestration.marts import names, reading, records
from orchestration.project import PROJECT

TRAITS = PROJECT / "transform" / "seeds" / "traits.csv"
TABLES = {"single": "single_subscription_traits", "multi": "multi_subscription_traits"}
STEPS = """
select
    subscription_id, plan_name, component, quantity, list_amount, currency,
    billing_interval, interval_count, discount_name, discount_percent_off, discount_amount_off,
    monthly_amount, excluded_because
from mrr_breakdown where account_id = $account
order by subscription_id, subscription_item_id, step
"""
MONTHS = """
select month, currency, mrr, movement, amount, mrr_by_month.is_estimated
from mrr_by_month
left join mrr_movements using (account_id, month, currency)
where account_id = $account and (movement is null or movement <> 'fx')
order by month desc, currency limit 24
"""
SENT = """
select version, run_id, op, old, new, status, error, "at", reply from sync_changelog
where account_id = $account and (trait = $trait or trait is null) order by version desc limit 5
"""


def read(marts: Path, account: str, trait: str | None = None) -> Explanation:
    """Raises Unknown for an account or a trait that does not exist."""
    described = _described(trait)
    with reading(marts) as database:
        values = _values(database, account)
        return Explanation(
            account=account,
            sources=_sources(values),
            traits=[_explained(row, values) for row in described],
            steps=records(database, STEPS, account=account) if _about_mrr(trait) else [],
            months=records(database, MONTHS, account=account) if _about_mrr(trait) else [],
            sent=_sent(database, account, described[0]["trait_key"]) if trait else [],
        )


def _described(trait: str | None) -> list[dict[str, str]]:
    with TRAITS.open(newline="") as file:
        rows = list(csv.DictReader(file))
    chosen = [row for row in rows if trait in (None, row["column_name"], row["trait_key"])]
    if not chosen:
        known = ", ".join(row["column_name"] for row in rows)
        raise Unknown(f"there is no trait '{trait}'; the traits are: {known}")
    return chosen


def _values(database: duckdb.DuckDBPyConnection, account: str) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name in TABLES.values():
        for row in records(
            database, f"select * from {name} where account_id = $account", account=account
        ):
            values |= row
    if not values:
        raise Unknown(
            f"there is no account '{account}' in the marts; customers without an account's ID"
            " are in marts.unlinked_customers"
        )
    return values


def _explained(row: dict[str, str], values: dict[str, Any]) -> dict[str, Any]:
    return {
        "trait": row["column_name"],
        "value": values.get(row["column_name"]),
        "unit": row["unit"],
        "source": row["source"],
    }


def _sources(values: dict[str, Any]) -> dict[str, list[str]]:
    """The rows of `stripe.*` that the account's traits are made of, by table."""
    return {
        "customers": [values["customer_id"]] if values.get("customer_id") else [],
        "subscriptions": list(values.get("subscription_ids") or []),
        "invoices": list(values.get("last_invoice_ids") or []),
    }


def _about_mrr(trait: str | None) -> bool:
    return trait is None or "mrr" in trait.lower()


def _sent(
    database: duckdb.DuckDBPyConnection, account: str, trait_key: str
) -> list[dict[str, Any]]:
    if "sync_changelog" not in names(database):
        return []
    return records(database, SENT, account=account, trait=f"stripe.{trait_key}")


def print_explanation(console: Console, found: Explanation, *, as_json: bool) -> None:
    """The page, on standard output."""
    if as_json:
        console.print_json(json.dumps(asdict(found), default=str))
        return
    for line in lines(found):
        console.print(line, highlight=False, markup=False, soft_wrap=True)
