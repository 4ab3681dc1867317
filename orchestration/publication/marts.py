"""Reading the published marts, as any analyst does: read-only, never waiting for the pipeline.

Enters: the path of `marts.duckdb`. Leaves: rows. Nothing is computed that a mart does not hold.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from orchestration.terminal.failures import Unknown
from reverse_sync.values.counted import counted

AHEAD = "select account_id from publication.ahead limit 0"


@contextmanager
def reading(marts: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The published copy. Raises Unknown where nothing has been published yet."""
    need(marts)
    with duckdb.connect(str(marts), read_only=True) as database:
        yield database


def need(marts: Path) -> None:
    """Raises Unknown where nothing has been published yet."""
    if not marts.exists():
        raise Unknown(
            f"{marts} does not exist: nothing was published yet; run 'stripe-traits sync'"
        )


def published_mode(marts: Path) -> bool | None:
    """Whether the published marts were built with MULTIPLE_SUBSCRIPTIONS; None: not known."""
    row = publication(marts, "select multiple_subscriptions from publication.build")
    return row[0] if row else None


def published_at(marts: Path) -> datetime | None:
    """When the marts were published, aware UTC; None: not known."""
    row = publication(marts, "select published_at from publication.build")
    return row[0].replace(tzinfo=UTC) if row and row[0] else None


def publication(marts: Path, query: str, *parameters: object) -> tuple[Any, ...] | None:
    """One row of what the published copy says of itself; None: it does not say."""
    if not marts.exists():
        return None
    with reading(marts) as database:
        try:
            return database.execute(query, parameters).fetchone()
        except (duckdb.CatalogException, duckdb.BinderException):  # an older version's copy
            return None


def row_counts(database: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Rows of every published mart, by name."""
    return {name: count_rows(database, f'"{name}"') for name in names(database)}


def names(database: duckdb.DuckDBPyConnection) -> list[str]:
    """The published marts."""
    rows = database.execute(
        "select table_name from duckdb_tables() where schema_name = 'main' order by 1"
    )
    return [row[0] for row in rows.fetchall()]


def has_ahead(database: duckdb.DuckDBPyConnection) -> bool:
    """Whether account_traits of some accounts is of a later moment than the other marts: of those
    in `publication.ahead`."""
    try:
        database.execute(AHEAD)
    except duckdb.CatalogException:
        return False
    return True


def count_rows(database: duckdb.DuckDBPyConnection, table: str) -> int:
    """Rows of a table, which is named as SQL names it."""
    row = database.execute(f"select count(*) from {table}").fetchone()
    return int(row[0]) if row else 0


def acknowledged_version(marts: Path) -> int:
    """The highest version that the account store has acknowledged; 0: none, or none is known."""
    if not marts.exists():
        return 0
    with reading(marts) as database:
        if "sync_snapshot" not in names(database):
            return 0
        row = database.execute("select max(version) from sync_snapshot").fetchone()
    return int(row[0] or 0) if row else 0


@dataclass(frozen=True)
class Mrr:
    """Major units a month by currency: of all accounts; and what is in none, None if not known."""

    of_accounts: dict[str, Decimal] = field(default_factory=dict)
    not_linked: dict[str, Decimal | None] = field(default_factory=dict)


def mrr_now(database: duckdb.DuckDBPyConnection) -> Mrr:
    """What `mrr_now` says; nothing where an older version published the marts."""
    if "mrr_now" not in names(database):
        return Mrr()
    rows = database.execute(
        "select currency, mrr, unlinked_mrr from mrr_now order by mrr desc, currency"
    ).fetchall()
    return Mrr(
        {currency: mrr for currency, mrr, _ in rows if mrr},
        {currency: unlinked for currency, _, unlinked in rows if unlinked != 0},
    )


def amounts_text(amounts: Mapping[str, Decimal | None]) -> str:
    """`usd 1,234.00, eur 5.00`."""
    return ", ".join(
        f"{currency} {'not known' if amount is None else f'{amount:,.2f}'}"
        for currency, amount in amounts.items()
    )


def not_linked_text(customers: int, amounts: Mapping[str, Decimal | None]) -> str:
    """`12 customers without an account's ID, usd 1,234.00 a month`."""
    amount = f", {amounts_text(amounts)} a month" if amounts else ""
    return f"{counted(customers, 'customer')} without an account's ID{amount}"


def records(database: duckdb.DuckDBPyConnection, query: str, **values: Any) -> list[dict[str, Any]]:
    """Rows as dictionaries."""
    found = database.execute(query, values)
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
