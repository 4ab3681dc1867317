"""MRR as MetricFlow answers it, asked as a user asks.

Enters: the published marts. Leaves: amounts by period and currency.
"""

import csv
import subprocess
from decimal import Decimal
from pathlib import Path

PROJECT = Path(__file__).parents[2]
CURRENCY = "account_month__currency"


def metricflow(marts: Path, grain: str) -> dict[tuple[str, str], Decimal]:
    """MRR as `make metrics` answers it, by period and currency."""
    answer = marts.with_name(f"{grain}.csv")
    query = f"--metrics mrr --group-by metric_time__{grain},{CURRENCY}"
    done = subprocess.run(
        [
            *("make", "--no-print-directory", "metrics", f"DATA_DIR={marts.parent}"),
            *(f"METRICS={marts.parent}/metrics", f"QUERY={query} --csv {answer}"),
        ],
        cwd=PROJECT,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    header, *rows = csv.reader(answer.open())
    assert len(header) == 3
    return {(period, currency): round(Decimal(mrr), 3) for period, currency, mrr in rows}
