"""A value as Stripe sends it, made a value of its column's kind.

Enters: parsed JSON. Leaves: Python values that Arrow takes: naive UTC datetimes, exact decimals,
JSON texts with sorted keys. What does not fit raises ArithmeticError, KeyError, TypeError or
ValueError.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import orjson

from ingestion.landing.columns import Kind

EPOCH = datetime.fromtimestamp(0, UTC).replace(tzinfo=None)


def _id(value: Any) -> Any:
    return value["id"] if isinstance(value, dict) else value


def _json(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def _sum(value: Any) -> int:
    return sum(element["amount"] for element in value)


def _taxes(value: Any) -> str:
    return _json([_tax(tax) for tax in value])


def _tax(tax: Any) -> Any:
    """Basil renamed what a tax says of itself; a tax in the newer words stays as it is."""
    if "inclusive" not in tax:
        return tax
    return {
        "amount": tax["amount"],
        "tax_behavior": "inclusive" if tax["inclusive"] else "exclusive",
        "tax_rate_details": {"tax_rate": _id(tax["tax_rate"])},
        "taxability_reason": tax.get("taxability_reason"),
        "taxable_amount": tax.get("taxable_amount"),
        "type": "tax_rate_details",
    }


def _timestamp(value: Any) -> datetime:
    return EPOCH + timedelta(seconds=int(value))


def _decimal(value: Any) -> Decimal:
    return Decimal(str(value))


READERS: dict[Kind, Callable[[Any], Any] | None] = {
    Kind.TEXT: None,
    Kind.ID: _id,
    Kind.FLAG: None,
    Kind.INTEGER: None,
    Kind.DECIMAL: _decimal,
    Kind.TIMESTAMP: _timestamp,
    Kind.JSON: _json,
    Kind.SUM: _sum,
    Kind.TAXES: _taxes,
}
