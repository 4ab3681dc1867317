"""A table of a page: one question to the published copy, and what is shown of its answer.

Enters: the text of a question (`queries/`), its parameters. Leaves: columns and rows, as many as
asked for. The page, its CSV and its JSON are made of the same question.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from report.columns import Column, columns
from report.limited import MOST_ROWS
from report.published import Copy

Rows = list[tuple[Any, ...]]


@dataclass(frozen=True)
class Table:
    """`names` are those of the columns where the SQL names them by their place alone."""

    title: str
    sql: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    rows: int = 100
    page: int = 1
    empty: str = "Nothing to show."
    names: tuple[str, ...] | None = None
    labels: Mapping[str, str] = field(default_factory=dict)  # where they differ from the usual
    marts: tuple[str, ...] = ()  # whose descriptions say what its columns mean
    chart: str | None = None
    anchor: str | None = None  # the column whose value is the address of its row on the page
    leads: Mapping[str, str] = field(default_factory=dict)  # amounts that lead to their accounts
    is_chosen: bool = False  # somebody chose the columns: they show even without a value
    hidden: frozenset[str] = frozenset()  # columns that serve another one, such as its currency


@dataclass(frozen=True)
class Shown:
    """One page of a table; `has_more`: there is a next one."""

    name: str
    table: Table
    columns: tuple[Column, ...]
    rows: Rows
    has_more: bool

    @property
    def visible(self) -> list[Column]:
        """Without those that stand beside an amount, and those that hold nothing in these rows."""
        beside = set(self.table.hidden)
        if not all(column.is_number or column.kind == "currency" for column in self.columns):
            beside |= {column.currency for column in self.columns if column.currency}
        held = [
            any(row[place] is not None for row in self.rows) for place in range(len(self.columns))
        ]
        return [
            column
            for column, has_value in zip(self.columns, held, strict=True)
            if column.name not in beside and (has_value or self.table.is_chosen)
        ]

    @property
    def by_name(self) -> dict[str, Column]:
        return {column.name: column for column in self.columns}

    @property
    def records(self) -> list[dict[str, Any]]:
        names = [column.name for column in self.columns]
        return [dict(zip(names, row, strict=True)) for row in self.rows]


def shown(copy: Copy, name: str, table: Table) -> Shown:
    """The rows of a page: one more is asked for, to know whether there is a next page."""
    with _asked(copy, table, table.rows + 1, table.rows * (table.page - 1)) as (found, batches):
        rows = [row for batch in batches for row in batch]
        return Shown(name, table, found, rows[: table.rows], len(rows) > table.rows)


@contextmanager
def whole(copy: Copy, table: Table) -> Iterator[tuple[tuple[Column, ...], Iterator[Rows]]]:
    """All rows, in batches, up to the limit of a file."""
    with _asked(copy, replace(table, page=1), MOST_ROWS, 0) as found:
        yield found


@contextmanager
def _asked(
    copy: Copy, table: Table, limit: int, offset: int
) -> Iterator[tuple[tuple[Column, ...], Iterator[Rows]]]:
    bound = {**table.parameters, "row_limit": limit, "row_offset": offset}
    with copy.asked(f"{table.sql}\nlimit $row_limit offset $row_offset", bound) as answer:
        found = columns(table.names or answer.names, answer.types)
        yield tuple(_labelled(column, table) for column in found), answer.batches


def _labelled(column: Column, table: Table) -> Column:
    return replace(column, label=table.labels.get(column.name, column.label))
