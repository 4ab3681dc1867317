"""Landing tables of an older version, which held one Stripe account without its id.

Enters: a warehouse. Leaves: the same rows in today's columns; tombstones stay, which no read could
bring back. The caller holds the lock.
"""

from datetime import datetime
from pathlib import Path

import duckdb

from ingestion.landing import TABLES

SCHEMA = "stripe"
LACKING_ACCOUNT = """
select table_name from duckdb_columns() where schema_name = ? group by all
having not bool_or(column_name = 'stripe_account_id')
"""


def add_account_columns(warehouse: Path, stripe_account_id: str, now: datetime) -> list[str]:
    """Give rows that have none the account and `loaded_at` (naive UTC); which tables it changed."""
    if not warehouse.exists():
        return []
    with duckdb.connect(str(warehouse)) as database:
        database.begin()
        older = _older(database)
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


def _older(database: duckdb.DuckDBPyConnection) -> list[str]:
    found = database.execute(LACKING_ACCOUNT, [SCHEMA]).fetchall()
    names = {name for (name,) in found}
    return [table.name for table in TABLES if table.name in names]
