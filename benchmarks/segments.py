"""What a segment over five traits costs at 1,000,000 accounts, counted and judged, and what
five alert rules cost.

Enters: --accounts, --turns, --seed, or --marts: a published copy to multiply. Leaves: a table, or
JSON; exit code 1 where a goal is missed. The accounts are those of `report_pages`.
"""

import itertools
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb

from benchmarks.report_pages import COLUMNS, multiplied, published
from benchmarks.showing import Rows, arguments
from orchestration.alert_rules import judgement
from orchestration.alert_rules.definition import Rule
from report.filters.fields import TABLES
from report.filters.tree import Condition, Group
from report.published import Copy
from report.segments import membership
from report.segments.definition import Segment
from report.segments.published_segments import count

Ask = Callable[[], object]
COUNTED, JUDGED = 0.3, 0.2  # seconds; JUDGED, of both together, for each 100,000 accounts
AS_OF = datetime.fromisoformat("2025-06-15")
FIVE = Segment(
    "five",
    "",
    Group(
        "all",
        (
            Condition("subscription_interval", "is", "year"),
            Condition("all_mrr_normalized", "over", "100"),
            Condition("lifecycle_status", "is_not", "churned"),
            Group(
                "any",
                (
                    Condition("current_period_end", "next_days", "90"),
                    Condition("metadata.segment", "is", "smb"),
                ),
            ),
        ),
    ),
)


def timed(ask: Ask, turns: int, before: Ask = int) -> list[float]:
    """Seconds of each turn after a first one; what comes before each is not counted."""
    took = []
    for _ in range(turns + 1):
        before()
        began = time.monotonic()
        ask()
        took.append(time.monotonic() - began)
    return took[1:]


def warehouse(marts: Path, folder: Path) -> duckdb.DuckDBPyConnection:
    """One that has these accounts."""
    database = duckdb.connect(str(folder / "warehouse.duckdb"))
    database.execute(f"attach '{marts}' as copied (read_only)")
    database.execute("create schema marts")
    for table in (*TABLES, "revenue_at_risk"):
        database.execute(f"create table marts.{table} as from copied.main.{table}")
    return database


def judging(database: duckdb.DuckDBPyConnection, days: Iterator[datetime]) -> Ask:
    """A refresh of each day."""
    return lambda: membership.judge(database, [FIVE], next(days))


RULES = [
    Rule("churn", "account_churned", over=Decimal(500)),
    Rule("fell", "mrr_fell", percent=Decimal(5)),
    Rule("trials", "trial_without_card", over=Decimal(200)),
    Rule("into", "segment_entered", segment="five"),
    Rule("out", "segment_left", segment="five"),
]
CHURN = """
update marts.accounts set lifecycle_status = 'churned', mrr_by_currency = map()
where account_id in (
    select account_id from marts.accounts
    where lifecycle_status = 'subscribed' order by account_id limit 100
)
"""


def noticing(database: duckdb.DuckDBPyConnection, days: Iterator[datetime]) -> Ask:
    """A refresh of each day, by five rules."""
    return lambda: judgement.judge(database, RULES, next(days), basis="the same")


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--accounts", type=int, default=1_000_000)
    parser.add_argument("--turns", type=int, default=9)
    parser.add_argument("--marts", type=Path)
    options = parser.parse_args()
    shown, found, lost = Rows(*COLUMNS), [], []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with published(options.marts, options.seed, folder) as marts:
            multiplied(marts, options.accounts, TABLES)
        copy = Copy(marts)
        if not (members := count(copy, FIVE)):
            lost.append("nobody is in the segment")
        print(f"{members:,} accounts are in the segment", file=sys.stderr)
        database, judged = warehouse(marts, folder), JUDGED * options.accounts / 100_000
        days = (AS_OF + timedelta(days=number) for number in itertools.count())
        segments, rules = judging(database, days), noticing(database, days)

        def churn() -> object:
            return database.execute(CHURN)

        parts: dict[str, tuple[Ask, Ask, float]] = {
            "counted": (int, lambda: count(copy, FIVE), COUNTED),
            "judged": (int, segments, judged),
            "alert rules": (churn, rules, judged),
            "both in one refresh": (churn, lambda: (segments(), rules()), judged),
        }
        for what, (before, ask, goal) in parts.items():
            values = sorted(timed(ask, options.turns, before))
            middle = values[len(values) // 2]
            told = (f"{value:.3f} s" for value in (middle, values[-1]))
            shown.add([what, f"{options.accounts:,}", *told, f"{goal:g} s"])
            found.append({"what": what, "values": values, "goal": goal})
            if middle > goal:
                lost.append(f"{what}: {middle:.3f} s, goal {goal:g}")
    return shown.end(found, as_json=options.json, missed=lost)


if __name__ == "__main__":
    sys.exit(main())
