"""MRR as MetricFlow answers it, asked as a user asks.

Enters: the published marts. Leaves: amounts by period and currency.
"""

import csv
import subprocess
from decimal import Decimal
from pathlib import Path

PROJECT = Path(__file__).parents[2]
CURRENCY = "account_month__currency"
OF_THE_COMPANY = "company_month__currency"


def metricflow(marts: Path, grain: str) -> dict[tuple[str, str], Decimal]:
    """MRR as `make metrics` answers it, by period and currency."""
    rows = _answers(marts, f"--metrics mrr --group-by metric_time__{grain},{CURRENCY}")
    return {(period, currency): round(Decimal(mrr), 3) for period, currency, mrr in rows}


def company_metrics(marts: Path, *names: str) -> dict[tuple[str, str], list[float | None]]:
    """Metrics of the company, by month and currency; None: there is nothing to divide by."""
    group_by = f"--group-by metric_time__month,{OF_THE_COMPANY}"
    rows = _answers(marts, f"--metrics {','.join(names)} {group_by}")
    return {
        (month, currency): [float(value) if value else None for value in values]
        for month, currency, *values in rows
    }


def _answers(marts: Path, query: str) -> list[list[str]]:
    answer = marts.with_name("metricflow.csv")
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
    return list(csv.reader(answer.open()))[1:]
