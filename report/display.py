"""A value as a person reads it, in HTML that Jinja escapes.

Enters: a value, its column, its row. Leaves: text. Amounts keep every digit that they have and show
as many as their currency does; nothing is rounded here but averages and rates.
"""

import csv
from collections.abc import Callable
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from pathlib import Path
from typing import Any

from report.columns import Column

EXPONENTS = Path(__file__).parents[1] / "transform" / "seeds" / "currency_exponents.csv"
UNKNOWN = "–"
USUAL = 2  # digits of a currency that the seed does not name


@cache
def _exponents() -> dict[str, int]:
    with EXPONENTS.open(newline="") as file:
        return {row["currency"]: int(row["exponent"]) for row in csv.DictReader(file)}


def money(amount: Decimal, currency: str | None) -> str:
    """`1,234.50`: the currency's digits, and more only where the amount has them."""
    digits = _exponents().get(currency or "", USUAL)
    exponent = amount.normalize().as_tuple().exponent
    held = -exponent if isinstance(exponent, int) else 0
    return f"{amount:,.{max(digits, held, 0)}f}"


def average(amount: Decimal, currency: str | None) -> str:
    """Rounded half up to the currency's digits: what nobody paid has no more."""
    digits = _exponents().get(currency or "", USUAL)
    return f"{amount.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP):,}"


def percent(share: Decimal) -> str:
    """Whole percents, where many stand side by side."""
    return f"{(share * 100).quantize(Decimal(1), ROUND_HALF_UP)}%"


def text(value: Any, column: Column, row: dict[str, Any]) -> str:
    """Without its currency, which stands beside it."""
    if value is None:
        return UNKNOWN
    if column.kind == "money":
        return money(value, currency(column, row))
    if column.kind == "average":
        return average(value, currency(column, row))
    if column.kind == "rate":
        share = (value * 100).quantize(Decimal("0.1"), ROUND_HALF_UP)
        return f"{share:,}%"
    return _WRITTEN.get(column.kind, str)(value)


def currency(column: Column, row: dict[str, Any]) -> str | None:
    """The currency of a money column in this row."""
    found = row.get(column.currency) if column.currency else None
    return found if isinstance(found, str) else None


def _ratio(value: Decimal | float) -> str:
    return f"{value:,.1f}"


def _percent(value: Decimal) -> str:
    return f"{value.normalize():f}%"


def _amounts(value: dict[str, Decimal | None]) -> str:
    parts = (
        f"{UNKNOWN if amount is None else money(amount, key)} {key.upper()}"
        for key, amount in value.items()
    )
    return ", ".join(parts) or UNKNOWN


def _pairs(value: dict[str, Any]) -> str:
    return ", ".join(f"{key}: {held}" for key, held in value.items())


def _list(value: list[Any]) -> str:
    return ", ".join(map(_one, value)) or UNKNOWN


def _one(value: Any) -> str:
    if isinstance(value, Decimal):
        return money(value, None)
    return UNKNOWN if value is None else str(value)


def _day(value: date) -> str:
    return f"{value:%Y-%m-%d}"


def _moment(value: datetime) -> str:
    return f"{value:%Y-%m-%d %H:%M}"


def _month(value: date) -> str:
    return f"{value:%b %Y}"


_WRITTEN: dict[str, Callable[[Any], str]] = {
    "spoken": lambda value: value.replace("_", " "),
    "currency": str.upper,
    "number": lambda value: f"{value:,}",
    "ratio": _ratio,
    "percent": _percent,
    "amounts": _amounts,
    "pairs": _pairs,
    "list": _list,
    "flag": lambda value: "yes" if value else "no",
    "date": _day,
    "time": _moment,
    "month": _month,
}
