"""The SQL of the SQLite account store: its tables and its three writes."""

from reverse_sync.stores.account_tables import (
    Types,
    insert,
    insert_history,
    replacing,
    upsert_setting,
)
from reverse_sync.stores.account_tables import schema as schema_of

# SQLite has no decimal type, and its floats lose digits: `mrr` is text, exact, and sorts as text.
# This is for sums and comparisons: whole thousandths, which are enough for every currency.
ACCOUNT_MRR = """
    create view if not exists account_mrr as
    select
        account_id, name, lifecycle_status, mrr,
        case
            when mrr glob '*.????*' or length(mrr) > 18 then null
            when instr(mrr, '.') = 0 then cast(mrr as integer) * 1000
            else cast(substr(replace(mrr, '.', '') || '00', 1, instr(mrr, '.') + 2) as integer)
        end as mrr_thousandths
    from accounts
"""

SCHEMA = (
    *schema_of(
        Types(
            json="text",
            moment="text",
            amount="text",
            version="integer",
            counted="integer primary key autoincrement",
        )
    ),
    ACCOUNT_MRR,
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
