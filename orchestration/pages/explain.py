"""`stripe-traits explain`: an account's traits, the fields they come from, its MRR to the cent.

Enters: the published marts and the seed of traits. Leaves: a page of lines, or JSON. What is shown
was computed by the models; nothing is computed again here.
"""

import csv
import json
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
from rich.console import Console

from orchestration.own_traits import shown as own_traits
from orchestration.pages.explain_lines import Explanation, lines
from orchestration.project import PROJECT
from orchestration.publication.marts import has_ahead, names, reading, records
from orchestration.terminal.failures import Unknown, WrongUsage
from reverse_sync.values.traits import OWN

TRAITS = PROJECT / "transform" / "seeds" / "traits.csv"
TABLES = {"single": "single_subscription_traits", "multi": "multi_subscription_traits"}
STEPS = """
select
    subscription_id, plan_name, component, quantity, list_amount, currency,
    billing_interval, interval_count, discount_name, discount_percent_off, discount_amount_off,
    monthly_amount, excluded_because, is_chosen_subscription
from mrr_breakdown where account_id = $account and (is_chosen_subscription or not $chosen)
order by subscription_id, subscription_item_id, step
"""
# Of each paying subscription the greater of the two: what `all_mrr` adds up.
BILLED = """
select subscription_id, currency, last_invoice_amount, subscription_amount
from subscriptions where account_id = $account and is_paying order by created, subscription_id
"""
MONTHS = """
select month, currency, mrr, movement, amount, mrr_by_month.is_estimated
from mrr_by_month
left join (select * from mrr_movements where movement <> 'fx') as movements
    using (account_id, month, currency)
where account_id = $account
order by month desc, currency limit 24
"""
SENT = """
select version, run_id, op, trait, old, new, status, error, "at", reply from sync_changelog
where
    account_id = $account
    and (
        trait is null
        or trait = $trait
        or ($trait = $metadata and starts_with(trait, $metadata || '.'))
    )
order by version desc, trait limit 5
"""
SENT_SEGMENTS = """
select traits::json -> '$."stripe.segments"' as segments
from account_traits where account_id = $account
"""
SEGMENTS = {
    "column_name": "segments",
    "trait_key": "segments",
    "unit": "",
    "source": "segments.yml: the segments whose conditions it fulfils, where SEGMENTS_TRAIT is on",
}
UNKNOWN = "select unknown_amount from account_traits where account_id = $account"
AHEAD = """
select account_traits_as_of from publication.build
where $account in (select account_id from publication.ahead)
"""
METADATA = "metadata"
MRR_PARTS = ("last_invoice_amount", "subscription_amount")
NAMESPACE = "stripe."  # of the account store's traits


def read(marts: Path, account: str, trait: str | None = None) -> Explanation:
    """`trait` is a column, or a trait as the account store names it: `stripe.metadata.plan-x`.

    Raises Unknown for an account or a trait that does not exist.
    """
    with reading(marts) as database:
        described = _described(trait, own_traits.described(database))
        about = described[0]["column_name"] if trait else "all_mrr_normalized"
        values = _values(database, account)
        return Explanation(
            account=account,
            sources=_sources(values),
            traits=[_explained(row, values) for row in described if _is_there(row, values, trait)],
            steps=_steps(database, account, about),
            months=records(database, MONTHS, account=account) if "mrr" in about else [],
            sent=_sent(database, account, described[0]["trait_key"]) if trait else [],
            unknown_amount=records(database, UNKNOWN, account=account)[0]["unknown_amount"],
            billed=records(database, BILLED, account=account) if about == "all_mrr" else [],
            ahead_as_of=_ahead_as_of(database, account),
        )


def _ahead_as_of(database: duckdb.DuckDBPyConnection, account: str) -> datetime | None:
    rows = records(database, AHEAD, account=account) if has_ahead(database) else []
    return rows[0]["account_traits_as_of"] if rows else None


def _described(trait: str | None, own: list[dict[str, str]]) -> list[dict[str, str]]:
    with TRAITS.open(newline="") as file:
        rows = list(csv.DictReader(file))
    if trait is None:
        return [*rows, SEGMENTS, *own]
    name = trait.removeprefix(NAMESPACE)
    column, _, key = name.partition(".")
    if column == METADATA:
        row = next(row for row in rows if row["column_name"] == METADATA)
        return [row | {"trait_key": name, "key": key}]
    chosen = [
        row for row in (*rows, SEGMENTS, *own) if name in (row["column_name"], row["trait_key"])
    ]
    if not chosen:
        known = ", ".join(row["column_name"] for row in (*rows, *own))
        raise WrongUsage(f"there is no trait '{trait}'; the traits are: {known}")
    # `mrr` is the greater of two other traits: they are shown with it.
    parts = MRR_PARTS if name == "mrr" else ()
    return chosen + [row for row in rows if row["column_name"] in parts]


def _steps(database: duckdb.DuckDBPyConnection, account: str, about: str) -> list[dict[str, Any]]:
    """What a normalised figure adds up from: of one subscription, or of all."""
    if not about.endswith("mrr_normalized"):
        return []
    return records(database, STEPS, account=account, chosen=about == "mrr_normalized")


def _values(database: duckdb.DuckDBPyConnection, account: str) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name in TABLES.values():
        for row in records(
            database, f"select * from {name} where account_id = $account", account=account
        ):
            values |= row
    values |= own_traits.values(database, account)
    [sent] = records(database, SENT_SEGMENTS, account=account) or [{"segments": None}]
    if sent["segments"]:
        values[SEGMENTS["column_name"]] = json.loads(sent["segments"])
    if not values:
        raise Unknown(
            f"there is no account '{account}' in the marts; customers without an account's ID"
            " are in marts.unlinked_customers"
        )
    return values


def _is_there(row: dict[str, str], values: dict[str, Any], asked: str | None) -> bool:
    """Segments are no trait where they are not sent, unless somebody asks for them."""
    return row is not SEGMENTS or asked is not None or SEGMENTS["column_name"] in values


def _explained(row: dict[str, str], values: dict[str, Any]) -> dict[str, Any]:
    value = values.get(row["column_name"])
    key = row.get("key")
    return {
        "trait": row["trait_key"] if key else row["column_name"],
        "value": (value or {}).get(key) if key else value,
        "unit": row["unit"],
        "source": row["source"],
    }


def _sources(values: dict[str, Any]) -> dict[str, list[str]]:
    """The rows of `stripe.*` that the account's traits are made of, by table."""
    invoices = [values.get("last_invoice_id"), *(values.get("last_invoice_ids") or [])]
    return {
        "customers": [values["customer_id"]] if values.get("customer_id") else [],
        "subscriptions": list(values.get("subscription_ids") or []),
        "invoices": [one for one in dict.fromkeys(invoices) if one],
    }


def _sent(
    database: duckdb.DuckDBPyConnection, account: str, trait_key: str
) -> list[dict[str, Any]]:
    if "sync_changelog" not in names(database):
        return []
    trait = trait_key if trait_key.startswith(OWN) else NAMESPACE + trait_key
    return records(database, SENT, account=account, trait=trait, metadata=NAMESPACE + METADATA)


def print_explanation(console: Console, found: Explanation, *, as_json: bool) -> None:
    """The page, on standard output."""
    if as_json:
        console.print_json(json.dumps(asdict(found), default=str))
        return
    for line in lines(found):
        console.print(line, highlight=False, markup=False, soft_wrap=True)
