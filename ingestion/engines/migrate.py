"""Landing tables of an older version, which held one Stripe account without its id.

Enters: a warehouse. Leaves: the same rows in today's columns; tombstones stay, which no read could
bring back. The caller holds the lock.
"""

from datetime import datetime
from pathlib import Path

import duckdb

from ingestion.landing import TABLES

SCHEMA = "stripe"


def add_account_columns(warehouse: Path, stripe_account_id: str, now: datetime) -> list[str]:
    """Give rows that have none the account and `loaded_at` (naive UTC); which tables it changed."""
    if not warehouse.exists():
        return []
    with duckdb.connect(str(warehouse)) as database:
        database.begin()
        older = [table.name for table in TABLES if _is_older(database, table.name)]
        for name in older:
            database.execute(
                f"create or replace table {SCHEMA}.{name} as select"
                " $account::varchar as stripe_account_id, *, $now::timestamp as loaded_at"
                f" from {SCHEMA}.{name}",
                {"account": stripe_account_id, "now": now},
            )
        if older:  # dlt makes its working tables again, in today's shape
            database.execute(f"drop schema if exists {SCHEMA}_staging cascade")
        database.commit()
    return older


def _is_older(database: duckdb.DuckDBPyConnection, name: str) -> bool:
    found = database.execute(
        "select column_name from duckdb_columns() where schema_name = ? and table_name = ?",
        [SCHEMA, name],
    ).fetchall()
    return bool(found) and ("stripe_account_id",) not in found
