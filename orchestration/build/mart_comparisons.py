"""What the last comparison of the marts with a full build has found: the table that keeps it.

Enters: what was found. Leaves: `pipeline.mart_comparisons`, a row for each mart; no row:
nothing was compared yet.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

import duckdb

TABLE = "mart_comparisons"
CREATE = """
create schema if not exists pipeline;
create table pipeline.mart_comparisons (
    mart varchar, full_rows bigint, lacking_rows bigint, surplus_rows bigint,
    as_of timestamp, compared_at timestamp
);
comment on table pipeline.mart_comparisons is
    'One row a mart, as it was last compared with a full build by dbt of the same moment.';
comment on column pipeline.mart_comparisons.mart is
    'The mart. From the schema marts.';
comment on column pipeline.mart_comparisons.full_rows is
    'Rows that the full build made. Unit: rows. From the full build.';
comment on column pipeline.mart_comparisons.lacking_rows is
    'Rows of the full build that the mart had not. Unit: rows. From comparing the two.';
comment on column pipeline.mart_comparisons.surplus_rows is
    'Rows that the mart had and the full build has not. Unit: rows. From comparing the two.';
comment on column pipeline.mart_comparisons.as_of is
    'The moment of both builds. Unit: UTC. From the last build.';
comment on column pipeline.mart_comparisons.compared_at is
    'When it was compared. Unit: UTC. From the clock.';
"""


@dataclass(frozen=True)
class MartComparison:
    """Rows of a full build, those that the mart lacks of them, those that it has besides."""

    mart: str
    full_rows: int
    lacking_rows: int
    surplus_rows: int


def create(database: duckdb.DuckDBPyConnection) -> None:
    """The table, where it is not there yet."""
    there = "select 1 from duckdb_tables() where schema_name = 'pipeline' and table_name = $name"
    if not database.execute(there, {"name": TABLE}).fetchall():
        database.execute(CREATE)


def keep(
    database: duckdb.DuckDBPyConnection,
    found: Iterable[MartComparison],
    *,
    as_of: datetime,
    at: datetime,
) -> None:
    """In the place of what the comparison before found; `at` is aware UTC."""
    create(database)
    moments = {"as_of": as_of, "compared_at": at.astimezone(UTC).replace(tzinfo=None)}
    database.execute("delete from pipeline.mart_comparisons")
    for one in found:
        row = asdict(one) | moments
        names = ", ".join(f"${name} as {name}" for name in row)
        database.execute(f"insert into pipeline.mart_comparisons by name select {names}", row)
