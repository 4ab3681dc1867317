"""Whoever tells the company's MRR tells the same one, and names beside it what is in no account."""

import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from command_line import run
from local_stripe import NOW, LocalStripe
from metricflow_query import PROJECT, metricflow

from orchestration.pages.asset_metadata.previews import shown
from sandbox.population import Population, generate

pytestmark = pytest.mark.long

QUERIES = re.findall(r"```sql\n(.*?)```", (PROJECT / "docs" / "analysts.md").read_text(), re.DOTALL)
AS_OF = "2025-06-15T00:00:00Z"
Amounts = dict[str, Decimal]


def test_one_run_tells_one_mrr_everywhere(local_stripe: LocalStripe, tmp_path: Path) -> None:
    local_stripe.store.load(list(generate(Population(customers=150, seed=5, now=NOW))))
    settings = {"STRIPE_API_BASE": local_stripe.url, "ACCOUNT_ID_METADATA_KEY": "account_id"}
    sync, marts = ("sync", "--as-of", AS_OF), tmp_path / "data" / "marts.duckdb"
    synced = json.loads(command(tmp_path, *sync, "--json", **settings))
    status = json.loads(command(tmp_path, "status", "--json"))
    now, in_no_account = told(marts, "mrr"), told(marts, "unlinked_mrr")
    assert len(now) > 1
    assert in_no_account
    for page in (synced, status):
        assert amounts(page["mrr"]) == now
        assert amounts(page["mrr_not_linked"]) == in_no_account
    for name, found in in_marts(marts).items():
        assert found == now, name
    assert at_month_end(metricflow(marts, "month")) == now
    for mart in ("mrr_now", "mrr_by_month", "mrr_movements_by_month"):
        page = str(shown(marts, mart)["preview"])
        assert all(str(amount) in page for amount in now.values()), mart
    printed = command(tmp_path, *sync, **settings), command(tmp_path, "status")
    [(customers,)] = rows(marts, "select count(*) from unlinked_customers")
    for text in printed:
        assert all(f"{currency} {amount:,.2f}" in text for currency, amount in now.items())
        line = f"{customers} customers without an account's ID, {written(in_no_account)} a month"
        assert line in text


def in_marts(marts: Path) -> dict[str, Amounts]:
    """MRR of today by each of the ways that analysts are shown, and by the traits themselves."""
    [page] = [query for query in QUERIES if "from mrr_now" in query]
    queries = {
        "docs/analysts.md": f"select currency, mrr from ({page})",
        "mrr_by_month": "select currency, sum(mrr) from mrr_by_month"
        " where month = '2025-06-01' group by currency having sum(mrr) > 0",
        "mrr_movements_by_month": "select currency, closing_mrr from mrr_movements_by_month"
        " where month = '2025-06-01' and closing_mrr > 0",
        "multi_subscription_traits": "select currency, sum(mrr) from ("
        "select unnest(map_keys(mrr_by_currency)) as currency,"
        " unnest(map_values(mrr_by_currency)) as mrr from multi_subscription_traits)"
        " group by currency",
    }
    return {name: amounts(dict(rows(marts, query))) for name, query in queries.items()}


def told(marts: Path, column: str) -> Amounts:
    query = f"select currency, {column} from mrr_now where {column} > 0"
    return amounts(dict(rows(marts, f"{query} order by mrr desc, currency")))


def amounts(found: dict[str, Any]) -> Amounts:
    return {currency: Decimal(str(amount)) for currency, amount in found.items()}


def at_month_end(found: dict[tuple[str, str], Decimal]) -> Amounts:
    return {
        currency: amount
        for (month, currency), amount in found.items()
        if month.startswith("2025-06") and amount
    }


def written(found: Amounts) -> str:
    return ", ".join(f"{currency} {amount:,.2f}" for currency, amount in found.items())


def rows(marts: Path, query: str) -> list[Any]:
    with duckdb.connect(str(marts), read_only=True) as database:
        return database.execute(query).fetchall()


def command(folder: Path, *arguments: str, **settings: str) -> str:
    done = run(*arguments, cwd=folder, **settings)
    assert done.returncode == 0, done.stderr
    return done.stdout
