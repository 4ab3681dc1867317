"""What a column is called where people read: names of the marts in plain words.

Enters: a name. Leaves: a label.
"""

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
WORDS = {"mrr": "MRR", "id": "ID", "ids": "IDs", "arpa": "ARPA", "asp": "ASP"}
METADATA = "metadata."
OWN = "custom."  # traits of the user's own models


def label(name: str) -> str:
    """In plain words: `mrr_churn_rate` is MRR churn rate, `metadata.plan` is plan."""
    if name.startswith(METADATA):
        return name.removeprefix(METADATA)
    if name in LABELS:
        return LABELS[name]
    plain = name.removeprefix(OWN).removeprefix("is_")
    words = [WORDS.get(word, word) for word in plain.split("_")]
    text = " ".join(words)
    return text[:1].upper() + text[1:]
