"""Loads into a lake, and what the landing tables of any engine hold."""

from dataclasses import dataclass, replace
from typing import Any

import duckdb
from local_stripe import LocalStripe

from ingestion.engines import Engine, engine
from ingestion.landing import TABLES
from ingestion.landing.schema import schema
from ingestion.load import Paths

MOMENTS = ("read_at", "loaded_at", "cleared_at")  # of two loads, never the same
NAMES = [table.name for table in TABLES]


@dataclass
class LakeStripe(LocalStripe):
    """The same sandbox, loaded into the tables of a lake."""

    lake: Engine

    @property
    def paths(self) -> Paths:
        return replace(super().paths, warehouse=self.lake)

    def query(self, sql: str) -> list[Any]:
        with self.lake.reading(*NAMES) as database:
            return database.execute(sql).fetchall()


def held(stripe: LocalStripe) -> dict[str, list[Any]]:
    """Every landing table's rows, without the moments of their load."""
    warehouse: Engine = engine(stripe.paths.warehouse)
    with warehouse.reading(*NAMES) as database:
        return {table.name: _rows(database, table.name) for table in TABLES}


def _rows(database: duckdb.DuckDBPyConnection, name: str) -> list[Any]:
    columns = schema(next(table for table in TABLES if table.name == name)).names
    # Two loads find an object gone at two moments.
    given = [f"{one} is null" if one == "deleted_at" else one for one in columns]
    kept = [one for one in given if one not in MOMENTS]
    return database.execute(f"select {', '.join(kept)} from stripe.{name} order by all").fetchall()


def current(stripe: LocalStripe) -> dict[str, list[Any]]:
    """Ids of the nested rows that are of the last read of what holds them."""
    found = {}
    for name, (root, key) in ELEMENTS.items():
        found[name] = stripe.query(
            f"select part.id from stripe.{name} as part join stripe.{root} as root"
            f" on root.id = part.{key} and root.read_at = part.read_at order by 1"
        )
    return found


ELEMENTS = {
    "subscription_items": ("subscriptions", "subscription_id"),
    "invoice_lines": ("invoices", "invoice_id"),
    "price_tiers": ("prices", "price_id"),
}
