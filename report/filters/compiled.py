"""Conditions on accounts as SQL with bound parameters.

Enters: a tree of conditions, the fields that there are, `as_of`. Leaves: a condition in SQL and its
parameters. Fields come from the published copy, operators from `operators`, and values are always
bound. Not known fulfils only "is not known" and what denies.
"""

from collections.abc import Mapping
from datetime import datetime
from itertools import count
from typing import Any

from report.filters.fields import Field
from report.filters.operators import DATE, OPERATORS, Operator
from report.filters.tree import NOTHING, Condition, Node, WrongFilter
from report.filters.values import typed

JOINS = {"all": " and ", "any": " or "}


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
    where: Node, fields: Mapping[str, Field], as_of: datetime
) -> tuple[str, dict[str, Any]]:
    """SQL that is true for the accounts which fulfil them. Raises WrongFilter."""
    parameters: dict[str, Any] = {}
    numbers = count()

    def text(node: Node) -> str:
        if isinstance(node, Condition):
            sql, bound = _condition(next(numbers), node, fields, as_of)
            parameters.update(bound)
            return f"({sql})"
        return "(" + JOINS[node.kind].join(text(part) for part in node.parts) + ")"

    return (text(where) if where != NOTHING else "true"), parameters


def _condition(
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
