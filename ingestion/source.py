"""The dlt source: pages in, one typed landing table for each entry of `landing.TABLES` out.

Enters: an iterator of pages and the rows that deletions turn into tombstones. Leaves: dlt
resources, merged on the Stripe account and `id`. Requests and decisions about what to read stand
elsewhere.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import dlt
import pyarrow as pa
from dlt.extract import DltResource

from ingestion.columns import Table
from ingestion.landing import TABLES
from ingestion.reader import Page
from ingestion.rows import KEY, READ_AT, Stamp, rows, schema

Batch = dict[str, pa.Table]
Tombstones = Callable[[Page], pa.Table | None]

BATCH_ROWS = 10_000
EMPTY: Batch = {table.name: schema(table).empty_table() for table in TABLES}


def batches(
    pages: Iterator[Page],
    tombstones: Tombstones,
    *,
    stripe_account_id: str,
    loaded_at: datetime,
) -> Iterator[Batch]:
    """Arrow tables by landing table, pages put together: dlt looks at the schema of each one.

    The first tables are empty: they make every landing table exist.
    """
    waiting = {name: [table] for name, table in EMPTY.items()}
    for page in pages:
        stamp = Stamp(stripe_account_id, page.read_at, loaded_at)
        for name, table in _tables(page, stamp, tombstones):
            waiting[name].append(table)
        if sum(table.num_rows for tables in waiting.values() for table in tables) >= BATCH_ROWS:
            yield _together(waiting)
            waiting = {name: [] for name in EMPTY}
    yield _together(waiting)


def _tables(page: Page, stamp: Stamp, tombstones: Tombstones) -> Iterator[tuple[str, pa.Table]]:
    if page.objects:
        yield from rows(page.stream, page.objects, stamp).items()
    buried = tombstones(page)
    if buried is not None:
        yield page.stream, buried


def _together(waiting: dict[str, list[pa.Table]]) -> Batch:
    return {name: pa.concat_tables(tables) for name, tables in waiting.items() if tables}


@dlt.source(name="stripe")
def stripe(found: Iterator[Batch]) -> Iterator[DltResource]:
    """All landing tables from one pass over the batches."""
    parent = dlt.resource(found, name="batches", selected=False)
    for table in TABLES:
        yield _resource(table, parent)


def _resource(table: Table, parent: DltResource) -> DltResource:
    def pick(batch: Batch) -> Any:
        return batch.get(table.name)

    return dlt.transformer(
        pick,
        data_from=parent,
        name=table.name,
        primary_key=KEY,
        write_disposition="merge",
        columns={
            **{field.name: {"timezone": False} for field in _timestamps(table)},
            # Two streams can bring one card: the later read of it stays.
            READ_AT.name: {"timezone": False, "dedup_sort": "desc"},
        },
    )


def _timestamps(table: Table) -> list[pa.Field]:
    return [field for field in schema(table) if pa.types.is_timestamp(field.type)]
