"""Which accounts are asked for, which columns of them, in which order: the address as SQL.

Enters: the address of the accounts page. Leaves: the text of its questions and their parameters.
What stands in the text are columns of the published copy; all that came with the address is bound.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from report.columns import CURRENCIES
from report.filters.compiled import compiled, other_field
from report.filters.fields import Field, fields, joins, metadata_keys
from report.filters.tree import Group, conditions, parsed
from report.page import View
from report.sql import query

DEFAULT = (
    "name",
    "lifecycle_status",
    "all_mrr_normalized",
    "plan_names",
    "current_period_end",
    "created",
)
SORT, MOST_COLUMNS = "all_mrr_normalized", 40
ID = "account_id"


@dataclass(frozen=True)
class Selection:
    """Raises WrongFilter where it is made of an address that says nothing that there is."""

    view: View

    @cached_property
    def fields(self) -> dict[str, Field]:
        keys = [*self.view.copy.metadata_keys, *metadata_keys(conditions(self.where))]
        return fields(self.view.copy.tables, dict.fromkeys(keys))

    @cached_property
    def where(self) -> Group:
        return parsed(self.view["where"])

    @cached_property
    def chosen(self) -> list[str]:
        """The columns that are shown beside the account's id."""
        asked = self.view.given.getlist("column") or list(DEFAULT)
        known = [name for name in dict.fromkeys(asked) if name in self.fields and name != ID]
        return known[:MOST_COLUMNS]

    @cached_property
    def names(self) -> tuple[str, ...]:
        """With the currency of each amount."""
        wanted = [ID, *self.chosen]
        money = [name for name in self.chosen if self.fields[name].kind == "money"]
        wanted += [CURRENCIES.get(name, "currency") for name in money]
        return tuple(name for name in dict.fromkeys(wanted) if name in self.fields)

    @property
    def sort(self) -> str:
        asked = self.view["sort"] or SORT
        return asked if asked in self.fields else ID

    @property
    def is_descending(self) -> bool:
        return self.view["order"] != "asc"

    def question(self, name: str) -> tuple[str, dict[str, Any]]:
        """The text of `queries/accounts/<name>.sql`, filled, and its parameters."""
        shown = [self.fields[column] for column in self.names]
        by = self.fields[self.sort]
        condition, parameters = compiled(self.where, self.fields, self.view.as_of)
        asked = [*conditions(self.where)]
        used = [self.fields[one.field] for one in asked]
        used += filter(None, (other_field(one, self.fields) for one in asked))
        if name == "accounts":
            used += [*shown, by]
            for column in (*shown, by):
                parameters |= column.parameters
        if search := self.view["search"]:
            parameters["search"] = search
        text = query(f"accounts/{name}").format(
            columns=", ".join(column.expression for column in shown),
            joins=joins({column.table for column in used}),
            conditions=condition,
            search=query("accounts/search") if search else "true",
            order=self._order(by),
        )
        return text, parameters

    def _order(self, by: Field) -> str:
        """Amounts are compared within their currency alone, that of the most accounts first."""
        direction = "desc" if self.is_descending else "asc"
        currency = self.fields.get(CURRENCIES.get(by.name, "currency"))
        if by.kind != "money" or currency is None:
            return f"{by.expression} {direction} nulls last"
        held = currency.expression
        return (
            f"{held} is null, count(*) over (partition by {held}) desc, {held},"
            f" {by.expression} {direction} nulls last"
        )
