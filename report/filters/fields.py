"""What accounts can be filtered, sorted and shown by: the published columns and metadata keys.

Enters: the published copy. Leaves: `Field`s by name. An expression names columns of the copy, and
binds a metadata key as a parameter: no SQL comes from a browser.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from report.columns import kind
from report.filters.tree import Condition
from report.labels import METADATA, OWN, label

# An account's row, and the trait tables that say more of it; the first that has a column gives it.
TABLES = ("accounts", "single_subscription_traits", "multi_subscription_traits")
# Traits of the user's own models, where there are any; an account that came since they were good is
# not among them.
OWN_TRAITS = "custom_traits"
# What these columns are among an account's others, where a table of its own would say less.
LABELS = {
    "mrr": "MRR as billed, one subscription",
    "mrr_normalized": "MRR, one subscription",
    "status": "Status at Stripe",
    "subscription_status": "Statuses at Stripe",
}
ID = "account_id"
NOT_A_FIELD = {"metadata"}  # each of its keys is one


@dataclass(frozen=True)
class Field:
    """`parameters` are those of its expression; `table` has to be joined where it is used."""

    name: str
    label: str
    kind: str
    table: str
    expression: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    description: str = ""


RISKS = "revenue_at_risk"
AT_RISK = Field(
    name="at_risk",
    label="At risk because",
    kind="list",
    table=TABLES[0],
    expression=(
        f"(select list(distinct {RISKS}.reason order by {RISKS}.reason)"
        f" from {RISKS} where {RISKS}.account_id = accounts.account_id)"
    ),
    description="Why MRR of the account may be lost. From revenue_at_risk.",
)


def fields(
    tables: Mapping[str, Mapping[str, tuple[str, str]]], metadata_keys: Iterable[str]
) -> dict[str, Field]:
    """All of them, in the order in which they are offered. `tables`: of each its columns, by name:
    type and description."""
    found: dict[str, Field] = {}
    for table in TABLES:
        for name, (of_type, description) in tables.get(table, {}).items():
            if name not in found and name not in NOT_A_FIELD:
                found[name] = _column(table, name, of_type, description)
    if RISKS in tables:
        found[AT_RISK.name] = AT_RISK
    for name, (of_type, description) in tables.get(OWN_TRAITS, {}).items():
        if name != ID:
            one = _own_trait(name, of_type, description)
            found[one.name] = one
    for number, key in enumerate(metadata_keys):
        made = _metadata(number, key)
        found[made.name] = made
    return found


def metadata_keys(named: Iterable[Condition]) -> list[str]:
    """A key that no customer carries is known too: nobody has it. A date may be compared with one
    that the value names."""
    texts = [text for one in named for text in (one.field, one.value) if text.startswith(METADATA)]
    return list(dict.fromkeys(text.removeprefix(METADATA) for text in texts))


def _column(table: str, name: str, of_type: str, description: str) -> Field:
    return Field(
        name=name,
        label=LABELS.get(name, label(name)),
        kind=kind(name, of_type),
        table=table,
        expression=f'{table}."{name}"',
        description=description,
    )


def joins(tables: Collection[str], schema: str = "") -> str:
    """What has to stand beside accounts so that fields of these tables can be asked; `schema` holds
    them, with its dot."""
    inner = [f"inner join {schema}{one} as {one}" for one in TABLES[1:] if one in tables]
    left = [f"left join {schema}{one} as {one}" for one in (OWN_TRAITS,) if one in tables]
    return " ".join(f"{join} using ({ID})" for join in (*inner, *left))


def _own_trait(name: str, of_type: str, description: str) -> Field:
    own = f"{OWN}{name}"
    return Field(
        name=own,
        label=label(own),
        kind=kind(own, of_type),
        table=OWN_TRAITS,
        expression=f'{OWN_TRAITS}."{name}"',
        description=description,
    )


def _metadata(number: int, key: str) -> Field:
    return Field(
        name=f"{METADATA}{key}",
        label=key,
        kind="text",
        table=TABLES[0],
        expression=f"{TABLES[0]}.metadata[$key_{number}]",
        parameters={f"key_{number}": key},
        description="Metadata of the customer at Stripe.",
    )
