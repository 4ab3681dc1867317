"""The tables of an account store, whatever SQL it speaks.

Enters: the types and the marks of a dialect. Leaves: its SQL. Not here: how an account is written,
in which the dialects differ (sqlite_schema.py, postgres_schema.py).
"""

from dataclasses import dataclass

from reverse_sync.stores.account_store import COLUMNS
from reverse_sync.values.tracking import RULES


@dataclass(frozen=True, kw_only=True)
class Types:
    """What a dialect calls them; `counted`: a key that the database numbers itself."""

    json: str
    moment: str
    amount: str
    version: str
    counted: str


def schema(types: Types) -> tuple[str, ...]:
    """The statements that make the tables where they are missing."""
    return (
        f"""
        create table if not exists accounts (
            account_id text primary key,
            name text,
            traits {types.json} not null,
            lifecycle_status text check (lifecycle_status in ('trial', 'subscribed', 'churned')),
            status_since {types.moment},
            trial_ends_at {types.moment},
            renewal_at {types.moment},
            churned_at {types.moment},
            mrr {types.amount},
            version {types.version} not null,
            created_at {types.moment} not null,
            updated_at {types.moment} not null
        )
        """,
        "create index if not exists accounts_version on accounts (version)",
        f"""
        create table if not exists tracking_config (
            aspect text primary key,
            trait text,
            rule text not null,
            owner text not null check (owner in ('stripe', 'operator')),
            updated_at {types.moment},
            {_rules_check()}
        )
        """,
        f"""
        create table if not exists tracking_config_history (
            id {types.counted},
            aspect text not null,
            old_trait text,
            old_rule text,
            old_owner text,
            new_trait text,
            new_rule text not null,
            new_owner text not null,
            mode text,
            reason text not null,
            changed_at {types.moment} not null
        )
        """,
    )


def _rules_check() -> str:
    """The condition that keeps a rule unknown to the lifecycle out of tracking_config."""
    known = " or ".join(
        f"(aspect = '{aspect}' and rule in ({', '.join(repr(rule) for rule in rules)}))"
        for aspect, rules in RULES.items()
    )
    return f"check ({known})"


def insert(table: str) -> str:
    """`insert into ... (columns)`, the database's own key left to it."""
    return f"insert into {table} ({', '.join(_columns(table))})"


def replacing(table: str, *, but: tuple[str, ...]) -> str:
    """The `do update set` of an upsert: every column of the new row `but` these."""
    taken = (name for name in _columns(table) if name not in but)
    return "do update set " + ", ".join(f"{name} = excluded.{name}" for name in taken)


def _columns(table: str) -> tuple[str, ...]:
    return tuple(name for name in COLUMNS[table] if name != "id")


def upsert_setting(mark: str) -> str:
    """One row of tracking_config; `mark` stands for a parameter."""
    return (
        f"{insert('tracking_config')} values ({_marks('tracking_config', mark)})"
        f" on conflict (aspect) {replacing('tracking_config', but=('aspect',))}"
    )


def insert_history(mark: str) -> str:
    """One row of tracking_config_history; `mark` stands for a parameter."""
    table = "tracking_config_history"
    return f"{insert(table)} values ({_marks(table, mark)})"


def _marks(table: str, mark: str) -> str:
    return ", ".join([mark] * len(_columns(table)))


READ_HISTORY = """
    select changed_at, aspect, old_trait, old_rule, old_owner, new_trait, new_rule, new_owner, mode,
        reason
    from tracking_config_history
    order by id
"""
