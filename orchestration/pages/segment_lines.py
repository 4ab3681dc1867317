"""Segments as a terminal shows them.

Enters: rows that the published copy says of segments. Leaves: tables. Amounts of several currencies
stand beside each other and are never added; what is not known is a dash.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from rich.table import Table

from orchestration.pages.tables import table

MOST_SHOWN = 50
UNKNOWN = "–"


def listed(rows: list[dict[str, Any]]) -> Table:
    """A line a segment."""
    return table([_listed(row) for row in rows])


def shown(tables: Mapping[str, list[dict[str, Any]]]) -> Iterator[Table]:
    """Each table with its number of rows; the first rows of a long one."""
    for title, rows in tables.items():
        yield table(rows[:MOST_SHOWN], title=f"{len(rows):,} {title}")


def paid(rows: list[dict[str, Any]]) -> Table:
    """What a segment's accounts pay, a line a currency."""
    return table([_paid(row) for row in rows], title="MRR")


def _listed(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "segment": row["segment"],
        "accounts": f"{row['members']:,}",
        "30 days": _change(row["members_change_30_days"]),
        "mrr": _amounts(row["mrr"], "{:,.2f}"),
        "mrr, 30 days": _amounts(row["mrr_change_30_days"], "{:+,.2f}"),
        "entered": row["entered_in_30_days"],
        "left": row["left_in_30_days"],
        "about": row["problem"] or row["description"],
    }


def _paid(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "currency": row["currency"],
        "accounts": f"{row['accounts']:,}",
        "mrr": _amount(row["mrr"], "{:,.2f}"),
        "not known of": f"{row['accounts_without_mrr']:,}",
        "mrr, 30 days": _amount(row["mrr_change_30_days"], "{:+,.2f}"),
    }


def _amounts(by_currency: Mapping[str, Decimal | None], written: str) -> str:
    parts = (
        f"{currency} {_amount(amount, written)}" for currency, amount in sorted(by_currency.items())
    )
    return ", ".join(parts)


def _amount(amount: Decimal | None, written: str) -> str:
    return UNKNOWN if amount is None else written.format(amount)


def _change(members: int | None) -> str:
    return UNKNOWN if members is None else f"{members:+,}"
