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

_COLUMNS = """
    select account_id, traits, lifecycle_status, status_since, trial_ends_at, renewal_at,
        churned_at, mrr, version, name
"""
READ_ACCOUNTS = f"{_COLUMNS} from accounts"

# As many as come before so many bytes of traits, and one at least.
READ_PAGE = f"""
    with page as materialized (
        select *, length(cast(traits as blob)) as length
        from accounts where account_id > :after order by account_id limit :most
    ), measured as (
        select *, sum(length) over (order by account_id) - length as before_it from page
    )
    {_COLUMNS} from measured where before_it < :room order by account_id
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
