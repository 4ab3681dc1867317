"""The SQL of the SQLite account store: its tables and its three writes."""

from reverse_sync.tracking import RULES


def rules_check() -> str:
    """The condition that keeps a rule unknown to the lifecycle out of tracking_config."""
    known = " or ".join(
        f"(aspect = '{aspect}' and rule in ({', '.join(repr(rule) for rule in rules)}))"
        for aspect, rules in RULES.items()
    )
    return f"check ({known})"


SCHEMA = (
    """
    create table if not exists accounts (
        account_id text primary key,
        name text,
        traits text not null,
        lifecycle_status text check (lifecycle_status in ('trial', 'subscribed', 'churned')),
        status_since text,
        trial_ends_at text,
        renewal_at text,
        churned_at text,
        mrr text,
        version integer not null,
        created_at text not null,
        updated_at text not null
    )
    """,
    "create index if not exists accounts_version on accounts (version)",
    f"""
    create table if not exists tracking_config (
        aspect text primary key,
        trait text,
        rule text not null,
        owner text not null check (owner in ('stripe', 'operator')),
        updated_at text,
        {rules_check()}
    )
    """,
    """
    create table if not exists tracking_config_history (
        id integer primary key autoincrement,
        aspect text not null,
        old_trait text,
        old_rule text,
        old_owner text,
        new_trait text,
        new_rule text not null,
        new_owner text not null,
        mode text,
        reason text not null,
        changed_at text not null
    )
    """,
)

READ_ACCOUNTS = """
    select account_id, traits, lifecycle_status, status_since, trial_ends_at, renewal_at,
        churned_at, mrr, version, name
    from accounts
"""

UPSERT_ACCOUNT = """
    insert into accounts (
        account_id, name, traits, lifecycle_status, status_since, trial_ends_at, renewal_at,
        churned_at, mrr, version, created_at, updated_at
    )
    values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    on conflict (account_id) do update set
        name = excluded.name,
        traits = excluded.traits,
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

UPSERT_SETTING = """
    insert into tracking_config (aspect, trait, rule, owner, updated_at) values (?, ?, ?, ?, ?)
    on conflict (aspect) do update set
        trait = excluded.trait,
        rule = excluded.rule,
        owner = excluded.owner,
        updated_at = excluded.updated_at
"""

READ_HISTORY = """
    select changed_at, aspect, old_trait, old_rule, old_owner, new_trait, new_rule, new_owner, mode,
        reason
    from tracking_config_history
    order by id
"""

INSERT_HISTORY = """
    insert into tracking_config_history (
        aspect, old_trait, old_rule, old_owner, new_trait, new_rule, new_owner,
        mode, reason, changed_at
    )
    values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
