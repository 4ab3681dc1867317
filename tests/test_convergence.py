"""After any history, with faults, changes read by event and everything read anew are one."""

from pathlib import Path
from typing import Any

import duckdb
import pytest
from local_stripe import NOW, LocalStripe

from ingestion.columns import Table
from ingestion.landing import TABLES
from sandbox import driver
from sandbox.faults import Fault, Faults
from sandbox.population import Population
from sandbox.server import populate, serving
from sandbox.store import Store

EITHER = "(from {0}.stripe.customers union all by name from {0}.stripe.subscriptions)"
PARENTS = {
    "subscription_items": ("{0}.stripe.subscriptions", "subscription_id"),
    "invoice_lines": ("{0}.stripe.invoices", "invoice_id"),
    "price_tiers": ("{0}.stripe.prices", "price_id"),
    "price_currency_options": ("{0}.stripe.prices", "price_id"),
    "discounts": (EITHER, "root_id"),
}
UNREST = (
    Fault("rate_limit", probability=0.02, seconds=0),
    Fault("unavailable", probability=0.02),
    Fault("reset", probability=0.02),
    Fault("truncated", probability=0.02),
)


def current(name: str, table: Table) -> str:
    """The rows that count: not deleted, and of the last read of what holds them."""
    columns = ", ".join(f'"{column.name}"' for column in table.columns)
    query = f"select {columns} from {name}.stripe.{table.name} as part where true"
    if table.tombstones:
        query += " and deleted_at is null"
    if table.name in PARENTS:
        parents, key = PARENTS[table.name]
        query += (
            f" and exists (select 1 from {parents.format(name)} as holder"
            f" where holder.id = part.{key} and holder.read_at = part.read_at)"
        )
    return query


def differences(changes: Path, anew: Path) -> dict[str, list[Any]]:
    """Rows that one has and the other has not, by table."""
    found = {}
    with duckdb.connect() as database:
        database.execute(f"attach '{changes}' as changes (read_only)")
        database.execute(f"attach '{anew}' as anew (read_only)")
        for table in TABLES:
            first, second = current("changes", table), current("anew", table)
            lost = database.execute(f"({second}) except ({first})").fetchall()
            stale = database.execute(f"({first}) except ({second})").fetchall()
            # Payment methods come with what they pay for: a former one stays as it was last seen.
            found[table.name] = lost + ([] if table.name == "payment_methods" else stale)
    return found


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_changes_and_a_full_read_end_in_the_same_tables(tmp_path: Path, seed: int) -> None:
    """The seed stands in the test's name."""
    with Store(tmp_path / "sandbox.db") as store:
        populate(store, Population(80, seed, NOW))
        with serving(store, faults=Faults(seed=seed, plan=UNREST)) as url:
            changes = LocalStripe(store, url, tmp_path / "changes")
            anew = LocalStripe(store, url, tmp_path / "anew")
            for stripe in (changes, anew):
                stripe.folder.mkdir()
            changes.load()
            for days in range(3):
                driver.live(store, days=3, seed=10 * seed + days)
                assert not changes.load().full
            anew.load()
    found = differences(changes.paths.warehouse, anew.paths.warehouse)
    assert found == {table.name: [] for table in TABLES}
