"""How long a build takes: everything, and the accounts that 100 changes touch, at two sizes.

python -m benchmarks.transform [--customers 100000] [--small 1000]

Landing rows are made by SQL: a customer, 1.2 subscriptions, 5 paid invoices each with a line. The
ratio between the two refreshes is of one run, so that a slow machine changes nothing.
"""

import argparse
import os
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
from rich.console import Console
from rich.table import Table

from ingestion.landing import TABLES
from ingestion.rows import schema
from orchestration.builds import Kind
from orchestration.publish import publish
from orchestration.settings import Settings
from orchestration.transform import transform

AS_OF = datetime(2025, 6, 15, tzinfo=UTC)
ALL = "'acct_1' as stripe_account_id, timestamp '2025-06-01' as read_at, $at as loaded_at"
ROWS = {
    "products": f"""
        select {ALL}, 'prod_' || i as id, timestamp '2024-01-01' as created, 'Plan ' || i as name
        from range(10) r (i)""",
    "prices": f"""
        select {ALL}, 'price_' || i as id, timestamp '2024-01-01' as created,
            'prod_' || i % 10 as product_id, 'usd' as currency, 'recurring' as type,
            'per_unit' as billing_scheme, 1000 * (i + 1) as unit_amount,
            if(i % 5 = 0, 'year', 'month') as recurring_interval, 1 as recurring_interval_count,
            'licensed' as usage_type
        from range(50) r (i)""",
    "coupons": f"""
        select {ALL}, 'half' as id, timestamp '2024-01-01' as created, 50 as percent_off,
            'forever' as duration""",
    "customers": f"""
        select {ALL}, 'cus_' || i as id, timestamp '2024-01-01' + to_seconds(i) as created,
            'Customer ' || i as name, i || '@example.com' as email, 0 as balance,
            'usd' as currency, false as delinquent, 'pm_' || i as default_payment_method_id,
            json_object('account_id', 'a' || i)::varchar as metadata
        from range($n) r (i)""",
    "payment_methods": f"""
        select {ALL}, 'pm_' || i as id, 'cus_' || i as customer_id, 'card' as type,
            1 + i % 12 as card_exp_month, 2030 as card_exp_year
        from range($n) r (i)""",
    "subscriptions": f"""
        select {ALL}, 'sub_' || i as id, timestamp '2024-01-02' + to_seconds(i) as created,
            'cus_' || i % $n as customer_id,
            if(i % 20 = 0, 'canceled', 'active') as status, 'usd' as currency,
            if(i % 20 = 0, timestamp '2025-04-03', null) as canceled_at,
            if(i % 20 = 0, timestamp '2025-04-03', null) as ended_at,
        from range($n * 6 // 5) r (i)""",
    "subscription_items": f"""
        select {ALL}, 'si_' || i as id, timestamp '2024-01-02' as created,
            'sub_' || i as subscription_id, 'price_' || i % 50 as price_id, 1 + i % 3 as quantity,
            timestamp '2025-06-01' as current_period_start,
            timestamp '2025-07-01' as current_period_end
        from range($n * 6 // 5) r (i)""",
    "discounts": f"""
        select {ALL}, 'sub_' || i || ':0' as id, 'di_' || i as discount_id,
            'subscription' as owner_type, 'sub_' || i as owner_id, 'subscription' as root_type,
            'sub_' || i as root_id, 0 as position, 'half' as coupon_id, 50 as percent_off,
            'forever' as duration
        from range(0, $n * 6 // 5, 10) r (i)""",
    "invoices": f"""
        select {ALL}, 'in_' || i as id, {{month}} as created, 'cus_' || i % $n as customer_id,
            'sub_' || i % $n as subscription_id, 'paid' as status, 'usd' as currency,
            1000 * (i % 50 + 1) as total, 1000 * (i % 50 + 1) as subtotal
        from range($n * 5) r (i)""",
    "invoice_lines": f"""
        select {ALL}, 'il_' || i as id, 'in_' || i as invoice_id,
            1000 * (i % 50 + 1) as amount, 'usd' as currency, 1 as quantity,
            {{month}} as period_start, {{month}} + interval 1 month as period_end,
            'price_' || i % $n % 50 as price_id, 'sub_' || i % $n as subscription_id,
            'si_' || i % $n as subscription_item_id, false as is_proration
        from range($n * 5) r (i)""",
}
MONTH = "timestamp '2025-01-01' + to_months(cast(i // $n as integer))"
CHANGES = """
update stripe.{table} set loaded_at = $at
where cast(split_part({column}, '_', 2) as bigint) % {customers} < 100
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--small", type=int, default=1_000)
    options = parser.parse_args()
    table = Table("customers", "full build, s", "100 changes, s", "nothing, s", "publish, s")
    table.add_column("publish 100, s")
    taken = {}
    for customers in (options.small, options.customers):
        seconds = measure(customers)
        taken[customers] = seconds["refresh"] + seconds["publish again"]
        table.add_row(f"{customers:,}", *(f"{one:.2f}" for one in seconds.values()))
    console = Console()
    console.print(table)
    ratio = taken[options.customers] / taken[options.small]
    console.print(f"a refresh costs {ratio:.2f} times what it costs at {options.small:,} customers")


def measure(customers: int) -> dict[str, float]:
    """Seconds of each step; the best of three refreshes, as a machine may be busy."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "warehouse.duckdb"
        settings = Settings(
            _env_file=None,
            data_dir=path.parent,
            warehouse_url=f"duckdb:///{path}",
            account_id_metadata_key="account_id",
        )
        land(path, customers)
        marts = path.parent / "marts.duckdb"
        seconds = {"full": build(settings, Kind.FULL, AS_OF)}
        first = published(settings, marts, refreshed=False)
        refreshes, again = [], []
        for hour in (1, 2, 3):
            change(path, customers, AS_OF + timedelta(hours=hour))
            refreshes.append(build(settings, Kind.REFRESH, AS_OF + timedelta(hours=hour)))
            again.append(published(settings, marts, refreshed=True))
        seconds["refresh"] = min(refreshes)
        seconds["nothing"] = build(settings, Kind.NOTHING, AS_OF + timedelta(hours=4))
        return {**seconds, "publish": first, "publish again": min(again)}


def land(path: Path, customers: int) -> None:
    with duckdb.connect(str(path)) as database:
        database.execute("create schema stripe")
        for table in TABLES:
            database.register("empty", schema(table).empty_table())
            database.execute(f"create table stripe.{table.name} as from empty")
            database.unregister("empty")
        for name, rows in ROWS.items():
            query = rows.format(month=MONTH).replace("$n", str(customers))
            at = AS_OF.replace(tzinfo=None)
            database.execute(f"insert into stripe.{name} by name {query}", {"at": at})


def change(path: Path, customers: int, moment: datetime) -> None:
    """100 customers, their subscriptions and items are read again."""
    with duckdb.connect(str(path)) as database:
        for table in ("customers", "subscriptions", "subscription_items"):
            query = CHANGES.format(table=table, column="id", customers=customers)
            database.execute(query, {"at": moment.replace(tzinfo=None)})


def build(settings: Settings, expected: Kind, as_of: datetime) -> float:
    began = time.monotonic()
    made = transform(settings, as_of=as_of)
    failed = [one.unique_id for one in made.results if one.failed]
    assert made.scope.kind is expected, made.scope.why
    assert not failed, failed
    return time.monotonic() - began


def published(settings: Settings, marts: Path, *, refreshed: bool) -> float:
    with duckdb.connect(str(settings.warehouse)) as database:
        row = database.execute("select build from pipeline.last_build").fetchone()
        began = time.monotonic()
        publish(database, marts, build=row[0] if row else 0, refreshed=refreshed)
        return time.monotonic() - began


if __name__ == "__main__":
    os.nice(5)
    main()
