"""What a field can be asked: the operators of each kind of column.

Leaves: SQL with `{field}` and `{value}`, both of which `filters` fills; a value is always bound.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Operator:
    """`sql` with `{field}`, and `{value}` where it takes one."""

    name: str
    label: str
    sql: str

    @property
    def takes_value(self) -> bool:
        return "{value}" in self.sql


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
