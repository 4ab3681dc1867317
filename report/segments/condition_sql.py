"""A segment's conditions as one SQL condition on accounts, with bound parameters.

Enters: a tree of conditions, the fields that there are, `as_of`. Leaves: SQL, its parameters, and
the tables that have to be joined. The operators are those of the accounts page.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from report.columns import METADATA
from report.fields import TABLES, Field, fields
from report.filters import Condition, condition_sql, other_field
from report.segments.definition import Node, conditions

Tables = Mapping[str, Mapping[str, tuple[str, str]]]
JOINS = {"all": " and ", "any": " or "}


@dataclass
class Compiled:
    """`sql` names the tables by their own names."""

    sql: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)
    tables: tuple[str, ...] = ()

    def members(self, schema: str) -> str:
        """A query of the ids of the accounts that fulfil it; `schema` holds the tables."""
        joined = "".join(
            f" inner join {schema}.{table} as {table} using (account_id)" for table in self.tables
        )
        return (
            f"select accounts.account_id from {schema}.{TABLES[0]} as {TABLES[0]}{joined}"
            f" where {self.sql}"
        )


def compiled(where: Node, tables: Tables, as_of: datetime) -> Compiled:
    """`tables`: of each published table its columns, by name: type and description. Raises
    WrongFilter."""
    named = [*conditions(where)]
    known = fields(tables, metadata_keys(named))
    made, numbers = Compiled(), iter(range(len(named)))

    def text(node: Node) -> str:
        if isinstance(node, Condition):
            sql, parameters = condition_sql(next(numbers), node, known, as_of)
            made.parameters |= parameters
            return f"({sql})"
        return "(" + JOINS[node.kind].join(text(part) for part in node.parts) + ")"

    made.sql = text(where)
    made.tables = tuple(
        table for table in TABLES[1:] if table in {one.table for one in _used(named, known)}
    )
    return made


def metadata_keys(named: list[Condition]) -> list[str]:
    """A key that no customer carries is known too: nobody has it. A date may be compared with one
    that the value names."""
    texts = [text for one in named for text in (one.field, one.value) if text.startswith(METADATA)]
    return list(dict.fromkeys(text.removeprefix(METADATA) for text in texts))


def _used(named: list[Condition], known: Mapping[str, Field]) -> list[Field]:
    used = [known[one.field] for one in named]
    return used + [found for one in named if (found := other_field(one, known))]
