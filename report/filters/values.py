"""What a value of an address is to its field: a number, a date, days, a text.

Enters: text. Leaves: what is bound in its place. A value that does not fit is told with what would.
"""

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from report.filters.fields import Field
from report.filters.operators import DATE, NUMBER, OPERATORS, Operator
from report.filters.tree import WrongFilter

MOST_TEXT = 500


def typed(column: Field, chosen: Operator, value: str) -> object:
    """Raises WrongFilter."""
    try:
        return _TYPES[_type(column, chosen)](value)
    except (ValueError, InvalidOperation, OverflowError):
        wanted = WANTED[_type(column, chosen)]
        raise WrongFilter(f"{column.label}: '{value[:40]}' is not {wanted}") from None


def _type(column: Field, chosen: Operator) -> str:
    if chosen.name.endswith("_days"):
        return "days"
    offered = OPERATORS[column.kind]
    return "number" if offered is NUMBER else "date" if offered is DATE else "text"


def _number(value: str) -> Decimal:
    found = Decimal(value.strip().replace(",", ""))
    if not found.is_finite() or abs(found) >= Decimal(10) ** 15:
        raise ValueError(value)
    return found


def _days(value: str) -> int:
    found = int(value)
    if not 0 <= found <= 36_500:
        raise ValueError(value)
    return found


_TYPES: dict[str, Any] = {
    "number": _number,
    "days": _days,
    "date": lambda value: date.fromisoformat(value.strip()),
    "text": lambda value: value[:MOST_TEXT],
}
WANTED = {
    "number": "a number, such as 99.50",
    "days": "a number of days, such as 30",
    "date": "a date, such as 2026-03-31",
    "text": "a text",
}
