"""Conditions on accounts: from the address to SQL with bound parameters.

Enters: `[{"field": "mrr_normalized", "operator": "over", "value": "100"}]`, all of which must hold.
Leaves: a condition in SQL and its parameters. Fields come from the published copy, operators from
`operators`, and values are always bound. Not known fulfils only "is not known" and what denies.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from report.fields import Field
from report.operators import DATE, OPERATORS, Operator
from report.values import WrongFilter, typed

MOST_CONDITIONS = 20


@dataclass(frozen=True)
class Condition:
    """As the address has it."""

    field: str
    operator: str
    value: str = ""


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
    parameters[name] = typed(fields[condition.field], chosen, condition.value)
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
