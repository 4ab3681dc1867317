"""A segment's conditions as one SQL condition on accounts, with bound parameters.

Enters: a tree of conditions, the fields that there are, `as_of`. Leaves: SQL, its parameters, and
the tables that have to be joined. The operators are those of the accounts page.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from report.filters import compiled as filters
from report.filters.compiled import other_field
from report.filters.fields import TABLES, Field, fields, joins, metadata_keys
from report.filters.tree import Condition, Node, conditions

Tables = Mapping[str, Mapping[str, tuple[str, str]]]


@dataclass(frozen=True)
class Compiled:
    """`sql` names the tables by their own names."""

    sql: str
    parameters: Mapping[str, Any]
    tables: tuple[str, ...]

    def members(self, schema: str) -> str:
        """A query of the ids of the accounts that fulfil it; `schema` holds the tables."""
        joined = joins(self.tables, f"{schema}.")
        return (
            f"select accounts.account_id from {schema}.{TABLES[0]} as {TABLES[0]} {joined}"
            f" where {self.sql}"
        )


def compiled(where: Node, tables: Tables, as_of: datetime) -> Compiled:
    """`tables`: of each published table its columns, by name: type and description. Raises
    WrongFilter."""
    named = [*conditions(where)]
    known = fields(tables, metadata_keys(named))
    sql, parameters = filters.compiled(where, known, as_of)
    used = {one.table for one in _used(named, known)}
    return Compiled(sql, parameters, tuple(sorted(used - {TABLES[0]})))


def _used(named: list[Condition], known: Mapping[str, Field]) -> list[Field]:
    used = [known[one.field] for one in named]
    return used + [found for one in named if (found := other_field(one, known))]
