"""Pictures on Dagster's page: months are dates in order, amounts have a unit, each currency its own
panel."""

import base64
import re
import struct
from datetime import date
from math import isnan
from pathlib import Path
from typing import Any

import duckdb
import pytest
from matplotlib.dates import date2num
from matplotlib.figure import Figure

from orchestration.pages.asset_metadata.plots import MOVEMENTS, PICTURES, plot

MONTHS = [date(2025, month, 1) for month in (10, 11, 12)] + [date(2026, 1, 1)]


def months(currency: str, first: int = 0) -> list[dict[str, Any]]:
    """Rows of the mart; what December closed with is not known."""
    return [
        {
            "month": month,
            "currency": currency,
            "closing_mrr": None if month.month == 12 else 1000 + number,
            **{f"{movement}_mrr": 10 for movement in MOVEMENTS},
        }
        for number, month in enumerate(MONTHS[first:])
    ]


def drawn(mart: str, rows: list[dict[str, Any]]) -> Any:
    axes = Figure().subplots()
    PICTURES[mart][2](axes, rows)
    return axes


def test_months_are_dates_and_what_is_not_known_is_a_gap() -> None:
    [line] = drawn("mrr_by_month", months("eur")).get_lines()
    assert [date2num(month) for month in line.get_xdata()] == [date2num(one) for one in MONTHS]
    assert [None if isnan(value) else value for value in line.get_ydata()] == [
        *(1000, 1001),
        *(None, 1003),
    ]


@pytest.mark.parametrize("mart", PICTURES)
def test_the_axes_tell_months_and_the_unit(mart: str) -> None:
    axes = drawn(mart, months("eur"))
    assert axes.get_ylabel() == "eur a month"
    assert axes.xaxis.get_major_formatter()(date2num(MONTHS[0])) == "2025-10"
    assert axes.yaxis.get_major_formatter()(1234567) == "1,234,567"


def test_each_currency_has_a_panel_though_one_begins_later(tmp_path: Path) -> None:
    heights = []
    for currencies in (["eur"], ["eur", "usd"]):
        marts = tmp_path / f"{len(currencies)}.duckdb"
        with duckdb.connect(str(marts)) as database:
            database.execute(
                "create table mrr_movements_by_month"
                f" (month date, currency varchar, closing_mrr decimal(38, 3),"
                f" {', '.join(f'{movement}_mrr decimal(38, 3)' for movement in MOVEMENTS)})"
            )
            for first, currency in enumerate(currencies):
                for row in months(currency, first):
                    marks = ", ".join("?" for _ in row)
                    database.execute(
                        f"insert into mrr_movements_by_month values ({marks})", [*row.values()]
                    )
        picture = plot(marts, "mrr_movements_by_month")
        assert picture is not None
        [data] = re.findall(r"base64,([^)]*)\)", picture)
        heights.append(struct.unpack(">I", base64.b64decode(data)[20:24])[0])
    assert heights == [270, 450]
