"""A condition in words, as the chips of a filter and the page of a segment show it.

Enters: a condition and the fields that there are. Leaves: words.
"""

from collections.abc import Mapping

from report.filters.compiled import operator, other_field
from report.filters.fields import Field
from report.filters.tree import Condition


def words(condition: Condition, fields: Mapping[str, Field]) -> list[str]:
    """Raises WrongFilter."""
    chosen = operator(condition, fields)
    found = [fields[condition.field].label, chosen.label]
    other = other_field(condition, fields) if chosen.name == "before_field" else None
    if chosen.takes_value:
        found.append(other.label if other else condition.value)
    return [*found, "days"] if chosen.name.endswith("_days") else found
