"""What the landing tables hold, compared with another warehouse and with the sandbox's truth.

Enters: warehouse files, `Store.truth()`. Leaves: rows that one has and the other has not, by table.
"""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from ingestion.landing import TABLES
from ingestion.landing.columns import Kind, Table
from ingestion.landing.json_paths import Node, getter
from ingestion.landing.values import READERS

EITHER = "(from {0}.stripe.customers union all by name from {0}.stripe.subscriptions)"
# What was seen open keeps its row when it is void or given up; a first import has none of it.
LISTED = ("paid", "open")
OF_LISTED = f"(from {{0}}.stripe.invoices where status in {LISTED})"
PARENTS = {
    "subscription_items": ("{0}.stripe.subscriptions", "subscription_id"),
    "invoice_lines": (OF_LISTED, "invoice_id"),
    "price_tiers": ("{0}.stripe.prices", "price_id"),
    "price_currency_options": ("{0}.stripe.prices", "price_id"),
    "coupon_currency_options": ("{0}.stripe.coupons", "coupon_id"),
    "discounts": (EITHER, "root_id"),
}
# These come with others, and stay as they were last seen: former methods, discounts of what closed.
STAY = ("payment_methods", "invoiced_discounts")
# A table of root objects, and their kind in the truth.
ROOTS = {
    "customers": "customer",
    "subscriptions": "subscription",
    "invoices": "invoice",
    "prices": "price",
    "products": "product",
    "coupons": "coupon",
}
TWELVE = Decimal(1).scaleb(-12)
BY_NAME = {table.name: table for table in TABLES}


def current(name: str, table: Table) -> str:
    """The rows that count: not deleted, and of the last read of what holds them."""
    columns = ", ".join(f'"{column.name}"' for column in table.columns)
    query = f"select {columns} from {name}.stripe.{table.name} as part where true"
    if table.tombstones:
        query += " and deleted_at is null"
    if table.name == "invoices":
        query += f" and status in {LISTED}"
    if table.name in PARENTS:
        parents, key = PARENTS[table.name]
        query += (
            f" and exists (select 1 from {parents.format(name)} as holder"
            f" where holder.id = part.{key} and holder.read_at = part.read_at)"
        )
    return query


def differences(changes: Path, anew: Path) -> dict[str, list[Any]]:
    """Rows that one has and the other has not, by table."""
    found = {}
    with duckdb.connect() as database:
        database.execute(f"attach '{changes}' as changes (read_only)")
        database.execute(f"attach '{anew}' as anew (read_only)")
        for table in TABLES:
            first, second = current("changes", table), current("anew", table)
            lost = database.execute(f"({second}) except all ({first})").fetchall()
            stale = database.execute(f"({first}) except all ({second})").fetchall()
            found[table.name] = lost + ([] if table.name in STAY else stale)
    return found


def untrue(warehouse: Path, truth: Any) -> dict[str, list[Any]]:
    """Rows of root tables that differ from the truth, deletions that are not known, and payment
    methods that differ from it, former ones too."""
    found: dict[str, list[Any]] = {}
    with duckdb.connect() as database:
        database.execute(f"attach '{warehouse}' as here (read_only)")
        for name, kind in ROOTS.items():
            table = BY_NAME[name]
            true = _rows(name, truth, only=_listed)
            held = set(database.execute(current("here", table)).fetchall())
            found[name] = sorted(true ^ held, key=repr)
            dead = database.execute(
                f"select id from here.stripe.{name} where deleted_at is not null"
            ).fetchall()
            missing = {row[0] for row in dead} - set(truth["deleted"][kind])
            found[f"{name} that live"] = sorted(missing)
        found["closed invoices"] = sorted(_closed(database) - _rows("invoices", truth), key=repr)
        table, methods = BY_NAME["payment_methods"], truth["objects"]["payment_method"]
        found[table.name] = [
            row
            for row in database.execute(current("here", table)).fetchall()
            if row[0] in methods and row != _row(table, methods[row[0]])
        ]
    return found


def _closed(database: duckdb.DuckDBPyConnection) -> set[Any]:
    columns = ", ".join(f'"{column.name}"' for column in BY_NAME["invoices"].columns)
    query = f"select {columns} from here.stripe.invoices where deleted_at is null"
    return set(database.execute(f"{query} and status not in {LISTED}").fetchall())


def _rows(name: str, truth: Any, *, only: Callable[[Any], bool] = bool) -> set[Any]:
    """What Stripe's objects are in this table."""
    return {_row(BY_NAME[name], one) for one in truth["objects"][ROOTS[name]].values() if only(one)}


def _listed(one: Any) -> bool:
    return one["object"] != "invoice" or one["status"] in LISTED


def _row(table: Table, one: Any) -> tuple[Any, ...]:
    """The row of a root object at the pin, as the table of columns says."""
    node = Node(one, one, one)
    values = []
    for column in table.columns:
        read = READERS[column.kind]
        found = (getter(path)(node) for path in column.paths)
        value = next((value for value in found if value is not None), None)
        if value is not None and read:
            value = read(value)
        values.append(value.quantize(TWELVE) if column.kind is Kind.DECIMAL and value else value)
    return tuple(values)
