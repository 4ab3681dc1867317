"""The version guard, in the SQL of the merge: what is older than the landed row changes nothing.

Enters: a landing table. Leaves: a condition on the rows that come, read by every engine, and those
that a merge of ours puts in.
"""

from ingestion.landing.columns import KEY, Table

SCHEMA = "stripe"
MEMORY = "192MiB"  # of DuckDB, which goes on on disk beyond it
CHUNK_BYTES = 24 << 20  # of rows that are merged together: what MEMORY has room for, several times
FEW_BYTES = 1 << 20  # dlt's fixed half second is little beside the time of more
KEYS = ", ".join(KEY)


def coming(table: Table, source: str, columns: str = "*") -> str:
    """Of these rows what the guard lets pass, of each key the latest read."""
    return (
        f"select {columns} from {source} where {not_older(table)}"
        f" qualify row_number() over (partition by {KEYS} order by read_at desc) = 1"
    )


def not_older(table: Table) -> str:
    """The version guard: a read from before the landed row's, or its deletion, changes nothing.

    The names of the landed side are its own, so that bare ones are those of the row that comes.
    """
    version = "coalesce(deleted_at, read_at)" if table.tombstones else "read_at"
    return (
        "not exists (select 1 from (select stripe_account_id as landed_account, id as landed_id,"
        f" {version} as landed_version from {SCHEMA}.{table.name}) as landed"
        " where landed_account = stripe_account_id and landed_id = id"
        f" and landed_version > {version})"
    )
