"""Conditions on accounts: from the address to SQL with bound parameters.

Enters: `[{"field": "mrr_normalized", "operator": "over", "value": "100"}]`, all of which must hold.
Leaves: a condition in SQL and its parameters. Fields come from the published copy, operators from
the table below, and values are always bound. Not known fulfils only "is not known" and what denies.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from report.fields import Field

MOST_CONDITIONS = 20
MOST_TEXT = 500


class WrongFilter(ValueError):
    """The text says which condition, and what it takes instead."""


@dataclass(frozen=True)
class Operator:
    """`sql` with `{field}`, and `{value}` where it takes one."""

    name: str
    label: str
    sql: str

    @property
    def takes_value(self) -> bool:
        return "{value}" in self.sql


@dataclass(frozen=True)
class Condition:
    """As the address has it."""

    field: str
    operator: str
    value: str = ""


KNOWN = (
    Operator("known", "is known", "{field} is not null"),
    Operator("unknown", "is not known", "{field} is null"),
)
TEXT = (
    Operator("is", "is", "{field} = {value}"),
    Operator("is_not", "is not", "{field} is distinct from {value}"),
    Operator("contains", "contains", "contains(lower({field}), lower({value}))"),
    Operator(
        "contains_not",
        "does not contain",
        "not coalesce(contains(lower({field}), lower({value})), false)",
    ),
    *KNOWN,
)
NUMBER = (
    Operator("over", "is more than", "{field} > {value}"),
    Operator("at_least", "is at least", "{field} >= {value}"),
    Operator("under", "is less than", "{field} < {value}"),
    Operator("at_most", "is at most", "{field} <= {value}"),
    Operator("is", "is", "{field} = {value}"),
    *KNOWN,
)
NEXT = "{field} >= $as_of and {field} < $as_of + to_days({value})"
LAST = "{field} <= $as_of and {field} > $as_of - to_days({value})"
DATE = (
    Operator("before", "is before", "{field} < {value}"),
    Operator("from", "is on or after", "{field} >= {value}"),
    Operator("next_days", "is within the next days", NEXT),
    Operator("last_days", "is within the last days", LAST),
    Operator("before_field", "is before the date of", "{field} < {value}"),
    *KNOWN,
)
FLAG = (
    Operator("yes", "is yes", "{field}"),
    Operator("no", "is no", "not {field}"),
    *KNOWN,
)
LIST = (
    Operator("has", "has", "list_contains({field}, {value})"),
    Operator("has_not", "does not have", "not coalesce(list_contains({field}, {value}), false)"),
)
OPERATORS: dict[str, tuple[Operator, ...]] = {
    "text": TEXT,
    "id": TEXT,
    "spoken": TEXT,
    "currency": TEXT,
    "money": NUMBER,
    "number": NUMBER,
    "percent": NUMBER,
    "date": DATE,
    "month": DATE,
    "time": DATE,
    "flag": FLAG,
    "list": LIST,
}


def parsed(text: str | None) -> list[Condition]:
    """The conditions of an address. Raises WrongFilter."""
    if not text:
        return []
    try:
        given = json.loads(text)
        found = [Condition(**{name: str(value) for name, value in one.items()}) for one in given]
    except (ValueError, TypeError, AttributeError, RecursionError):
        given = None
    if not isinstance(given, list):
        raise WrongFilter('where: write a list of {"field": ..., "operator": ..., "value": ...}')
    if len(found) > MOST_CONDITIONS:
        raise WrongFilter(f"where: at most {MOST_CONDITIONS} conditions")
    return found


def written(conditions: Sequence[Condition]) -> str | None:
    """As `parsed` reads them; None for no condition."""
    return json.dumps([asdict(one) for one in conditions]) if conditions else None


def operator(condition: Condition, fields: Mapping[str, Field]) -> Operator:
    """What it compares with. Raises WrongFilter."""
    found = fields.get(condition.field)
    if found is None or found.kind not in OPERATORS:
        raise WrongFilter(
            f"where: there is no field '{condition.field}'; the list of fields has all"
        )
    offered = OPERATORS[found.kind]
    chosen = next((one for one in offered if one.name == condition.operator), None)
    if chosen is None:
        known = ", ".join(one.name for one in offered)
        raise WrongFilter(f"{found.label}: no operator '{condition.operator}'; it takes {known}")
    return chosen


def compiled(
    conditions: Sequence[Condition], fields: Mapping[str, Field], as_of: datetime
) -> tuple[str, dict[str, Any]]:
    """SQL that is true for the accounts which fulfil all of them. Raises WrongFilter."""
    parts: list[str] = ["true"]
    parameters: dict[str, Any] = {}
    for number, condition in enumerate(conditions):
        sql, bound = condition_sql(number, condition, fields, as_of)
        parts.append(f"({sql})")
        parameters |= bound
    return " and ".join(parts), parameters


def condition_sql(
    number: int, condition: Condition, fields: Mapping[str, Field], as_of: datetime
) -> tuple[str, dict[str, Any]]:
    """One condition; its value is bound by its `number`. Raises WrongFilter."""
    chosen, column = operator(condition, fields), fields[condition.field]
    parameters: dict[str, Any] = {**column.parameters}
    value = _value(f"value_{number}", condition, chosen, fields, parameters)
    if "$as_of" in chosen.sql:
        parameters["as_of"] = as_of
    return chosen.sql.format(field=column.expression, value=value), parameters


def _value(
    name: str,
    condition: Condition,
    chosen: Operator,
    fields: Mapping[str, Field],
    parameters: dict[str, Any],
) -> str:
    """How the value stands in the SQL; it is added to the parameters."""
    if not chosen.takes_value:
        return ""
    if chosen.name == "before_field":
        other = _date_field(condition, fields)
        parameters |= other.parameters
        return other.expression
    parameters[name] = _typed(fields[condition.field], chosen, condition.value)
    return f"${name}"


def other_field(condition: Condition, fields: Mapping[str, Field]) -> Field | None:
    """The field that a value names, by its name or as it is shown; None: there is none such."""
    wanted = condition.value.strip().casefold()
    named = (
        one for one in fields.values() if wanted in (one.name.casefold(), one.label.casefold())
    )
    return next(named, None)


def _date_field(condition: Condition, fields: Mapping[str, Field]) -> Field:
    other = other_field(condition, fields)
    if other is None or OPERATORS.get(other.kind) is not DATE:
        named = fields[condition.field].label
        raise WrongFilter(f"{named}: '{condition.value[:40]}' is no date field, such as Renewal")
    return other


def _typed(column: Field, chosen: Operator, value: str) -> object:
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
