"""What deletions leave in the landing tables: an object's last row, and what it owned set free.

Enters: pages that say what is gone, and the rows as they are landed. Leaves: rows that are still to
be merged, by table. What is gone, and whether so much may be, is decided elsewhere.
"""

from collections.abc import Iterable
from datetime import datetime

import pyarrow as pa

from ingestion.engines import Engine
from ingestion.engines.guard import SCHEMA
from ingestion.landing import TOMBSTONED
from ingestion.landing.schema import SCHEMAS
from ingestion.stripe_api.reader import Page

OF_THIS_LOAD = {"loaded_at": "$loaded_at::timestamp"}
TOMBSTONE = {
    **OF_THIS_LOAD,
    "stripe_account_id": "$account",
    "id": "gone.id",
    # `read_at` too stays that of the last real read: its nested elements are those of that read.
    **{name: f"coalesce(landed.{name}, $at::timestamp)" for name in ("deleted_at", "read_at")},
}
FREED = {**OF_THIS_LOAD, "customer_id": "null", "read_at": "$at::timestamp"}


class Burial:
    """One load's deletions in one Stripe account; `loaded_at` (naive UTC) marks its rows."""

    def __init__(self, warehouse: Engine, stripe_account_id: str, loaded_at: datetime) -> None:
        self._engine = warehouse
        self._account = stripe_account_id
        self._loaded_at = loaded_at

    def rows(self, page: Page) -> dict[str, pa.Table]:
        """Tombstones of what is gone (bare ones for unknown ids), and what it owned."""
        if not page.gone or page.stream not in TOMBSTONED:
            return {}
        if page.stream not in self._engine.tables():
            return {page.stream: self._bare(page)}
        found = {page.stream: self._tombstones(page)}
        if page.stream == "customers":
            found["payment_methods"] = self._freed(page)
        return found

    def _tombstones(self, page: Page) -> pa.Table:
        arrow = SCHEMAS[page.stream]
        return self._selected(
            page,
            page.stream,
            f"select {_columns(arrow.names, TOMBSTONE)}"
            f" from (select unnest($gone::varchar[]) as id) as gone left join"
            f" (from {SCHEMA}.{page.stream} where stripe_account_id = $account) as landed"
            " on landed.id = gone.id order by gone.id",
        )

    def _bare(self, page: Page) -> pa.Table:
        """Where nothing is landed yet: this account's first load, which merges all at once."""
        same = {"stripe_account_id": self._account, "loaded_at": self._loaded_at}
        same |= {"deleted_at": page.read_at, "read_at": page.read_at}
        rows = [{"id": object_id, **same} for object_id in sorted(page.gone)]
        return pa.Table.from_pylist(rows, schema=SCHEMAS[page.stream])

    def _freed(self, page: Page) -> pa.Table:
        """Stripe detaches a deleted customer's payment methods, and no event tells of it."""
        arrow = SCHEMAS["payment_methods"]
        return self._selected(
            page,
            "payment_methods",
            f"select {_columns(arrow.names, FREED)} from {SCHEMA}.payment_methods as landed"
            " where stripe_account_id = $account"
            " and customer_id in (select unnest($gone::varchar[])) order by id",
        )

    def _selected(self, page: Page, table: str, sql: str) -> pa.Table:
        values = {
            "account": self._account,
            "gone": list(page.gone),
            "at": page.read_at,
            "loaded_at": self._loaded_at,
        }
        with self._engine.reading(table) as database:
            found: pa.Table = database.sql(sql, params=values).to_arrow_table()
        return found.cast(SCHEMAS[table])


def _columns(names: Iterable[str], given: dict[str, str]) -> str:
    """Values of the landed row, but for those that are given."""
    return ", ".join(f"{given.get(name, f'landed.{name}')} as {name}" for name in names)
