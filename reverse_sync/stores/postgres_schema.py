"""The SQL of the Postgres account store: its tables and its writes."""

from reverse_sync.stores.account_store import FORMAT
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
        json="jsonb",
        moment="timestamptz",
        amount="numeric",
        version="bigint",
        counted="bigint generated always as identity primary key",
    )
)

# Where the number of the tables' format stands; none on tables that somebody else has made.
READ_FORMAT = """
    select coalesce(
        substring(obj_description(to_regclass('accounts'), 'pg_class') from 'format ([0-9]+)'), '0'
    )::int
"""
MARK_FORMAT = f"comment on table accounts is 'stripe-traits, format {FORMAT}'"

COLUMNS_OF = """
    select
        table_name,
        column_name,
        is_nullable = 'NO' and column_default is null and is_identity = 'NO'
        and is_generated = 'NEVER' as must
    from information_schema.columns
    where table_schema = current_schema() and table_name = any(%s)
"""

_COLUMNS = """
    select account_id, {traits}::text, lifecycle_status, status_since, trial_ends_at, renewal_at,
        churned_at, mrr, version, name
    from {accounts}
"""
_OF_IDS = "where account_id = any(%(account_ids)s)"
READ_ACCOUNTS = _COLUMNS.format(traits="traits", accounts="accounts") + _OF_IDS
# As many as come before so many bytes of traits, and one at least.
READ_PAGE = (
    """
    with page as materialized (
        select *, octet_length(traits::text) as length
        from accounts where account_id > %(after)s order by account_id limit %(most)s
    ), measured as (
        select *, sum(length) over (order by account_id) - length as before_it from page
    )
    """
    + _COLUMNS.format(traits="traits", accounts="measured")
    + "where before_it < %(room)s order by account_id"
)

# The traits that were asked for alone: the others would only be carried and thrown away.
_ASKED = """
    (
        select
            coalesce(jsonb_strip_nulls(jsonb_object_agg(asked.trait, traits -> asked.trait)), '{}')
        from unnest(%(traits)s::text[]) as asked (trait)
    )
""".strip()
READ_PARTS = _COLUMNS.format(traits=_ASKED, accounts="accounts") + _OF_IDS

# A whole batch in one statement. Only ours are touched: `||` replaces the traits sent, whatever
# else is there stays.
UPSERT_ACCOUNTS = f"""
    {insert("accounts")}
    select
        account_id, name, traits, status, status_since, trial_ends_at, renewal_at, churned_at, mrr,
        version, written_at, written_at
    from json_to_recordset(%s::json) as incoming (
        account_id text, name text, traits jsonb, status text, status_since timestamptz,
        trial_ends_at timestamptz, renewal_at timestamptz, churned_at timestamptz, mrr numeric,
        version bigint, written_at timestamptz
    )
    on conflict (account_id) {replacing("accounts", but=("account_id", "created_at", "traits"))},
        traits = accounts.traits || excluded.traits
    where excluded.version > accounts.version
    returning account_id
"""

# In the same transaction: `-` clears, which `on conflict` cannot be told row by row.
CLEAR_TRAITS = """
    update accounts
    set traits = accounts.traits - array(select jsonb_array_elements_text(incoming.unset))
    from json_to_recordset(%s::json) as incoming (account_id text, unset jsonb)
    where accounts.account_id = incoming.account_id
"""

UPSERT_SETTING = upsert_setting("%s")
INSERT_HISTORY = insert_history("%s")
