"""What a column of an answer is to a reader: its label, its kind, where its currency stands.

Enters: names and DuckDB's types. Leaves: `Column`. A kind says how a value is written and where it
stands; the definition of a figure is the mart's own description.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from report.labels import OWN, label

# Where a money column's currency does not stand in `currency`.
CURRENCIES = {
    "all_mrr": "all_mrr_currency",
    "all_mrr_normalized": "all_mrr_currency",
    "reporting_amount": "reporting_currency",
    "reporting_mrr": "reporting_currency",
}
# Words of Stripe's or ours, with underscores.
SPOKEN = (
    "risk",
    "churn_reason",
    "churn_feedback",
    "cancellation_reason",
    "cancellation_feedback",
    "collection_method",
)
PLAIN = {
    "quick_ratio": "ratio",
    "discount_percent_off": "percent",
    "arpa": "average",
    "average_sale_price": "average",
    **dict.fromkeys(SPOKEN, "spoken"),
}
RATES = ("_rate", "_retention", "_share", "_conversion")
# What DuckDB's name of a type has in it, the first that fits.
KINDS = (
    ("MAP of amounts", "amounts"),
    ("MAP", "pairs"),
    ("[]", "list"),
    ("DECIMAL", "money"),
    ("INT", "number"),
    ("DOUBLE", "number"),
    ("DATE", "date"),
    ("TIMESTAMP", "time"),
    ("BOOLEAN", "flag"),
)
NUMBERS = {"money", "average", "rate", "ratio", "percent", "number"}
AMOUNTS = {"money", "average"}


@dataclass(frozen=True)
class Column:
    """`currency` names the column that holds the currency of a money column."""

    name: str
    label: str
    kind: str
    currency: str | None = None

    @property
    def is_number(self) -> bool:
        return self.kind in NUMBERS


def kind(name: str, of_type: str) -> str:
    """How its values are written."""
    if name in PLAIN:
        return PLAIN[name]
    if name.endswith(RATES):
        return "rate"
    if name.endswith("currency"):
        return "currency" if of_type == "VARCHAR" else "amounts"
    if name.endswith("_id") and of_type == "VARCHAR":
        return "id"
    if name.endswith("month") and of_type == "DATE":
        return "month"
    shape = "MAP of amounts" if of_type.startswith("MAP") and "DECIMAL" in of_type else of_type
    found = next((kind for part, kind in KINDS if part in shape), "text")
    # No column says of which currency the amount of an own trait is.
    return "number" if name.startswith(OWN) and found == "money" else found


def columns(names: Sequence[str], types: Sequence[str]) -> tuple[Column, ...]:
    """Of an answer."""
    return tuple(
        Column(name, label(name), kind(name, of_type), _currency(name, of_type, names))
        for name, of_type in zip(names, types, strict=True)
    )


def _currency(name: str, of_type: str, names: Sequence[str]) -> str | None:
    if kind(name, of_type) not in AMOUNTS:
        return None
    wanted = CURRENCIES.get(name, "currency")
    return wanted if wanted in names else None
