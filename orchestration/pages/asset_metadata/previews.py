"""A look at each mart in the metadata of its asset: some rows of sums, and a picture.

Enters: the published marts. Leaves: Markdown. Dagster's storage is no place for customers' data:
everything is a count or a sum over many accounts.
"""

from pathlib import Path
from typing import Any

from orchestration.pages.asset_metadata.markdown import Markdown
from orchestration.pages.asset_metadata.plots import plot
from orchestration.publication.marts import names, reading, records

ROWS = 10
PREVIEWS = {
    "account_traits": "select count(*) as accounts, count(name) as with_a_name from account_traits",
    "accounts": "select lifecycle_status, count(*) as accounts, sum(subscription_count) as"
    " subscriptions from accounts group by all order by 2 desc",
    "revenue_at_risk": "select reason, currency, count(*) as accounts, sum(mrr) as mrr"
    " from revenue_at_risk group by all order by 3 desc, 1, 2",
    "subscriptions": "select account_id is not null as is_linked, status, is_live,"
    " count(*) as subscriptions from subscriptions group by all order by 4 desc",
    "invoices": "select date_trunc('month', created)::date as month, currency,"
    " count(*) as invoices, sum(total) as total from invoices group by all order by 1 desc, 3 desc",
    "unlinked_customers": "select reason, count(*) as customers from unlinked_customers"
    " group by all order by 2 desc",
    "data_quality_issues": "select severity, issue, count(*) as causes, sum(affected_objects) as"
    " objects, sum(affected_accounts) as accounts from data_quality_issues"
    " group by all order by 1, 5 desc, 2",
    "data_quality_affected": "select issue, affected_object, count(*) as rows"
    " from data_quality_affected group by all order by 3 desc",
    "mrr_breakdown": "select step, component, currency, count(*) as rows, sum(monthly_amount) as"
    " monthly from mrr_breakdown group by all order by 4 desc",
    "mrr_now": "select currency, mrr, accounts, unlinked_mrr from mrr_now order by 2 desc, 1",
    "mrr_by_month": "select month, currency, count(*) as accounts, sum(mrr) as mrr"
    " from mrr_by_month group by all order by 1 desc, 3 desc",
    "mrr_movements": "select month, currency, movement, count(*) as accounts, sum(amount) as amount"
    " from mrr_movements group by all order by 1 desc, 4 desc",
    "metrics_by_month": "select month, currency, quick_ratio, net_mrr_churn_rate,"
    " average_sale_price from metrics_by_month order by 1 desc, 2",
    "mrr_cohorts": "select cohort_month, month, currency, accounts, paying_accounts, mrr"
    " from mrr_cohorts order by 2 desc, 1 desc, 3",
    "trial_conversions": "select month, currency, trials_ended, trials_converted, conversion_rate"
    " from trial_conversions order by 1 desc, 2",
    "mrr_by_plan": "select currency, count(*) as plans, sum(mrr) as mrr"
    " from mrr_by_plan group by all order by 3 desc nulls last, 1",
    "mrr_by_product": "select currency, count(*) as products, sum(mrr) as mrr"
    " from mrr_by_product group by all order by 3 desc nulls last, 1",
    "mrr_movements_by_month": "select month, currency, opening_mrr, closing_mrr, arpa"
    " from mrr_movements_by_month order by 1 desc, 4 desc",
}


def shown(marts: Path, mart: str, *, drawn: bool = True) -> dict[str, Markdown]:
    """What is shown of a mart, by the name it is shown under. `drawn`: its picture too, which costs
    a second: a full build draws it, and there is one every night."""
    picture, rows = plot(marts, mart) if drawn else None, _preview(marts, mart)
    return {
        **({"preview": Markdown(_table(rows))} if rows else {}),
        **({"picture": picture} if picture else {}),
    }


def _preview(marts: Path, mart: str) -> list[dict[str, Any]]:
    with reading(marts) as database:
        if mart not in PREVIEWS or mart not in names(database):
            return []
        return records(database, f"{PREVIEWS[mart]} limit {ROWS}")


def _table(rows: list[dict[str, Any]]) -> str:
    """Markdown; no cell is a customer's words, so that nothing has to be escaped."""
    lines = [rows[0].keys(), ["---"] * len(rows[0]), *(row.values() for row in rows)]
    return "\n".join(f"| {' | '.join(str(cell) for cell in line)} |" for line in lines)
