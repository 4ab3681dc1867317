"""What a column of an answer is to a reader: its label, its kind, where its currency stands.

Enters: names and DuckDB's types. Leaves: `Column`. A kind says how a value is written and where it
stands; the definition of a figure is the mart's own description.
"""

from collections.abc import Sequence
from dataclasses import dataclass

LABELS = {
    "account_id": "Account",
    "accounts_without_mrr": "Not known of",
    "all_mrr": "MRR as billed",
    "all_mrr_currency": "Currency of MRR",
    "all_mrr_normalized": "MRR",
    "arpa": "Average per account",
    "account_churn_rate": "Account churn rate",
    "at": "When",
    "closing_mrr": "MRR at the end",
    "closing_accounts": "Accounts",
    "contraction_mrr": "Contraction",
    "churn_mrr": "Churn",
    "current_period_end": "Renewal",
    "current_period_start": "Period began",
    "current_subscription_status": "State of the subscription",
    "customer_id": "Customer",
    "chartmogul_net_mrr_churn_rate": "Net MRR churn rate, as ChartMogul has it",
    "email": "E-mail",
    "expansion_mrr": "Expansion",
    "fx_mrr": "Exchange rates",
    "gross_revenue_retention": "Gross retention",
    "invoice_id": "Invoice",
    "mrr": "MRR",
    "mrr_churn_rate": "MRR churn rate",
    "mrr_by_currency": "MRR by currency",
    "net_revenue_retention": "Net retention",
    "new_mrr": "New",
    "opening_mrr": "MRR at the start",
    "members": "Accounts",
    "members_change_30_days": "More than 30 days ago",
    "mrr_change_30_days": "More than 30 days ago",
    "metadata_key": "Key",
    "monthly_amount": "A month",
    "mrr_excluded_because": "Does not count because",
    "excluded_because": "Does not count because",
    "object_id": "Object ID",
    "path": "Field",
    "plan_name": "Plan",
    "plan_names": "Plans",
    "reactivation_mrr": "Reactivation",
    "stripe_subscriber_churn_rate": "Churn rate, as Stripe has it",
    "stream": "Kind",
    "subscription_id": "Subscription",
    "unlinked_mrr": "MRR not linked",
}
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
WORDS = {"mrr": "MRR", "id": "ID", "ids": "IDs", "arpa": "ARPA", "asp": "ASP"}
NUMBERS = {"money", "average", "rate", "ratio", "percent", "number"}
AMOUNTS = {"money", "average"}
METADATA = "metadata."


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


def label(name: str) -> str:
    """In plain words: `mrr_churn_rate` is MRR churn rate, `metadata.plan` is plan."""
    if name.startswith(METADATA):
        return name.removeprefix(METADATA)
    if name in LABELS:
        return LABELS[name]
    words = [WORDS.get(word, word) for word in name.removeprefix("is_").split("_")]
    text = " ".join(words)
    return text[:1].upper() + text[1:]


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
    return next((kind for part, kind in KINDS if part in shape), "text")


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
