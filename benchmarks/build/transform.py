"""How long a build takes: everything, and the accounts that 100 changes touch, at several sizes.

Enters: --sizes (customers). Leaves: a table, or JSON; exit code 1 where a goal is missed. Landing
rows are made by SQL: a customer, 1.2 subscriptions, 5 paid invoices each with a line. The floor is
one scan of those tables by DuckDB. All is of one run, so that a slow machine changes nothing.
"""

import os
import resource
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import duckdb

from benchmarks.showing import Rows, arguments
from ingestion.landing import TABLES
from ingestion.landing.schema import schema
from ingestion.merge.warehouse import opened_once
from orchestration.build.scope import BuildKind
from orchestration.build.transform import transform
from orchestration.configuration.settings import Settings
from orchestration.publication.mark import published_build
from orchestration.publication.publish import publish
from orchestration.publication.published_file import Copy

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


REFRESH_GROWS, FULL_GROWS = 1.5, 1.0  # times at most: from 10,000 on; of the growth in customers
FULL_SECONDS = {1_000_000: 45.0}
COLUMNS = ("customers", "scan, s", "full build, s", "times the scan", "100 changes, s")


def missed(taken: dict[int, dict[str, float]]) -> list[str]:
    """A line for each goal that is missed."""
    lines = []
    for small, large in pairwise(taken):
        growth = taken[large]["full"] / taken[small]["full"]
        if growth > FULL_GROWS * large / small:
            lines.append(f"a full build at {large:,} costs {growth:.1f} times that at {small:,}")
    for size, most in FULL_SECONDS.items():
        if size in taken and taken[size]["full"] > most:
            lines.append(
                f"a full build at {size:,} takes {taken[size]['full']:.0f} s, goal {most:g}"
            )
    base = taken.get(10_000)
    for size, seconds in taken.items():
        ratio = refreshed(seconds) / refreshed(base) if base else 0
        if size > 10_000 and ratio > REFRESH_GROWS:
            lines.append(f"a refresh at {size:,} costs {ratio:.1f} times that at 10,000")
    return lines


def refreshed(seconds: dict[str, float]) -> float:
    """What a refresh takes, publication included."""
    return seconds["refresh"] + seconds["publish again"]


def cells(customers: int, seconds: dict[str, float], least: float) -> list[str]:
    """A row of the table; `least` is a refresh at the smallest size."""
    names = ("nothing", "publish", "publish again")
    return [
        *(f"{customers:,}", f"{seconds['scan']:.3f}", f"{seconds['full']:.1f}"),
        *(f"{seconds['full'] / seconds['scan']:,.0f}", f"{seconds['refresh']:.2f}"),
        *(f"{seconds[name]:.2f}" for name in names),
        f"{refreshed(seconds) / least:.2f}",
        *(f"{seconds[name]:,.0f}" for name in ("warehouse MB", "marts MB", "peak MiB")),
    ]


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    options = parser.parse_args()
    steps = ("nothing, s", "publish, s", "publish 100, s", "refresh, times")
    shown = Rows(*COLUMNS, *steps, "warehouse, MB", "marts, MB", "peak so far, MiB")
    taken: dict[int, dict[str, float]] = {}
    measure(100)  # a process's first build is slower: no size pays for it
    for customers in sorted(options.sizes):
        taken[customers] = measure(customers)
        shown.add(cells(customers, taken[customers], refreshed(next(iter(taken.values())))))
    return shown.end(taken, as_json=options.json, missed=missed(taken))


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
        scanned = scan(path)
        copy = Copy(path.parent / "marts.duckdb")
        seconds = {"full": build(settings, BuildKind.FULL, AS_OF, copy)}
        first = published(settings, copy, refreshed=False)
        refreshes, again = [], []
        for hour in (1, 2, 3):
            change(path, customers, AS_OF + timedelta(hours=hour))
            with opened_once(path):  # as the stage has it
                as_of = AS_OF + timedelta(hours=hour)
                refreshes.append(build(settings, BuildKind.REFRESH, as_of, copy))
                again.append(published(settings, copy, refreshed=True))
        seconds["refresh"] = min(refreshes)
        seconds["nothing"] = build(settings, BuildKind.NOTHING, AS_OF + timedelta(hours=4), copy)
        return {
            "scan": scanned,
            "publish": first,
            "publish again": min(again),
            **seconds,
            "warehouse MB": path.stat().st_size / 1e6,
            "marts MB": copy.marts.stat().st_size / 1e6,
            "peak MiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }


def scan(path: Path) -> float:
    """Every value of every landing table read once; the best of three, as a machine may be busy."""
    took = []
    with duckdb.connect(str(path)) as database:
        for _ in range(3):
            began = time.monotonic()
            for table in TABLES:
                database.execute(f"select bit_xor(hash(found)) from stripe.{table.name} as found")
                database.fetchall()
            took.append(time.monotonic() - began)
    return min(took)


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


def build(settings: Settings, expected: BuildKind, as_of: datetime, copy: Copy) -> float:
    began = time.monotonic()
    made = transform(settings, as_of=as_of, on_scope=copy.begin_for)
    failed = [one.unique_id for one in made.results if one.failed]
    assert made.scope.kind is expected, made.scope.why
    assert not failed, failed
    return time.monotonic() - began


def published(settings: Settings, copy: Copy, *, refreshed: bool) -> float:
    with duckdb.connect(str(settings.warehouse)) as database:
        row = database.execute("select id from pipeline.last_build").fetchone()
        began = time.monotonic()
        follows = published_build(database, copy.marts) if refreshed else None
        publish(database, copy.marts, build=row[0] if row else None, follows=follows, copy=copy)
        return time.monotonic() - began


if __name__ == "__main__":
    os.nice(5)
    sys.exit(main())
