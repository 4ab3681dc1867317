"""The SQL of the Postgres account store: its tables and its writes."""

from reverse_sync.sqlite_schema import rules_check

SCHEMA = (
    """
    create table if not exists accounts (
        account_id text primary key,
        name text,
        traits jsonb not null,
        lifecycle_status text check (lifecycle_status in ('trial', 'subscribed', 'churned')),
        status_since timestamptz,
        trial_ends_at timestamptz,
        renewal_at timestamptz,
        churned_at timestamptz,
        mrr numeric,
        version bigint not null,
        created_at timestamptz not null,
        updated_at timestamptz not null
    )
    """,
    "create index if not exists accounts_version on accounts (version)",
    f"""
    create table if not exists tracking_config (
        aspect text primary key,
        trait text,
        rule text not null,
        owner text not null check (owner in ('stripe', 'operator')),
        updated_at timestamptz,
        {rules_check()}
    )
    """,
    """
    create table if not exists tracking_config_history (
        id bigint generated always as identity primary key,
        aspect text not null,
        old_trait text,
        old_rule text,
        old_owner text,
        new_trait text,
        new_rule text not null,
        new_owner text not null,
        mode text,
        reason text not null,
        changed_at timestamptz not null
    )
    """,
)

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
    from accounts
"""
READ_ACCOUNTS = _COLUMNS.format(traits="traits") + "where account_id = any(%(account_ids)s)"
READ_PAGE = _COLUMNS.format(traits="traits") + "where account_id > %s order by account_id limit %s"

# The traits that were asked for alone: the others would only be carried and thrown away.
_ASKED = """
    (
        select
            coalesce(jsonb_strip_nulls(jsonb_object_agg(asked.trait, traits -> asked.trait)), '{}')
        from unnest(%(traits)s::text[]) as asked (trait)
    )
""".strip()
READ_PARTS = _COLUMNS.format(traits=_ASKED) + "where account_id = any(%(account_ids)s)"

# A whole batch in one statement. Only ours are touched: `||` replaces the traits sent, whatever
# else is there stays.
UPSERT_ACCOUNTS = """
    insert into accounts (
        account_id, name, traits, lifecycle_status, status_since, trial_ends_at, renewal_at,
        churned_at, mrr, version, created_at, updated_at
    )
    select
        account_id, name, traits, status, status_since, trial_ends_at, renewal_at, churned_at, mrr,
        version, written_at, written_at
    from json_to_recordset(%s::json) as incoming (
        account_id text, name text, traits jsonb, status text, status_since timestamptz,
        trial_ends_at timestamptz, renewal_at timestamptz, churned_at timestamptz, mrr numeric,
        version bigint, written_at timestamptz
    )
    on conflict (account_id) do update set
        name = excluded.name,
        traits = accounts.traits || excluded.traits,
        lifecycle_status = excluded.lifecycle_status,
        status_since = excluded.status_since,
        trial_ends_at = excluded.trial_ends_at,
        renewal_at = excluded.renewal_at,
        churned_at = excluded.churned_at,
        mrr = excluded.mrr,
        version = excluded.version,
        updated_at = excluded.updated_at
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

UPSERT_SETTING = """
    insert into tracking_config (aspect, trait, rule, owner, updated_at)
    values (%s, %s, %s, %s, %s)
    on conflict (aspect) do update set
        trait = excluded.trait,
        rule = excluded.rule,
        owner = excluded.owner,
        updated_at = excluded.updated_at
"""

INSERT_HISTORY = """
    insert into tracking_config_history (
        aspect, old_trait, old_rule, old_owner, new_trait, new_rule, new_owner,
        mode, reason, changed_at
    )
    values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
