"""Rows as a table on the terminal.

Enters: dictionaries with the same keys. Leaves: a rich table; None is a blank.
"""

from typing import Any

from rich.table import Table


def table(rows: list[dict[str, Any]], *, title: str | None = None) -> Table:
    """One column for each key of the first row."""
    drawn = Table(title=title, title_justify="left", title_style="bold")
    for name in rows[0] if rows else ():
        drawn.add_column(name, overflow="fold")
    for row in rows:
        drawn.add_row(*(_shown(value) for value in row.values()))
    return drawn


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_shown(element) or "null" for element in value)
    return "" if value is None else str(value)
