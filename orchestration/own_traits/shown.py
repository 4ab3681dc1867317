"""Own traits as `explain` shows them: which there are, their values, the model that each is of.

Enters: the published copy. Leaves: rows as those of the seed of traits, and values by their names.
"""

from typing import Any

import duckdb

from reverse_sync.values.traits import OWN

COLUMNS = """
select column_name, comment from duckdb_columns()
where schema_name = 'main' and table_name = 'custom_traits' and column_name <> 'account_id'
order by column_index
"""
VALUES = "select * exclude (account_id) from custom_traits where account_id = $account"


def described(database: duckdb.DuckDBPyConnection) -> list[dict[str, str]]:
    """None where there is no own trait."""
    return [
        {"column_name": OWN + name, "trait_key": OWN + name, "unit": "", "source": _model(comment)}
        for name, comment in database.execute(COLUMNS).fetchall()
    ]


def values(database: duckdb.DuckDBPyConnection, account: str) -> dict[str, Any]:
    """Of one account; nothing where its own traits are not known yet."""
    if not described(database):
        return {}
    found = database.execute(VALUES, {"account": account})
    names = [OWN + column[0] for column in found.description]
    row = found.fetchone()
    return dict(zip(names, row, strict=True)) if row else {}


def _model(comment: str) -> str:
    """Its file, which ends the description as the build wrote it."""
    return f"{comment.rpartition(' From ')[2].removesuffix('.')} in TRAITS_DIR"
