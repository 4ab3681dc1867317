"""The SQL of the SQLite account store: its tables and its three writes."""

from reverse_sync.stores.account_tables import (
    Types,
    insert,
    insert_history,
    replacing,
    upsert_setting,
)
from reverse_sync.stores.account_tables import schema as schema_of

SCHEMA = schema_of(
    Types(
        json="text",
        moment="text",
        amount="text",
        version="integer",
        counted="integer primary key autoincrement",
    )
)

READ_ACCOUNTS = """
    select account_id, traits, lifecycle_status, status_since, trial_ends_at, renewal_at,
        churned_at, mrr, version, name
    from accounts
"""

UPSERT_ACCOUNT = f"""
    {insert("accounts")}
    values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    on conflict (account_id) {replacing("accounts", but=("account_id", "created_at"))}
    where excluded.version > accounts.version
    returning account_id
"""

UPSERT_SETTING = upsert_setting("?")
INSERT_HISTORY = insert_history("?")
