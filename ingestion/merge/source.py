"""The dlt source: pages in, one typed landing table for each entry of `landing.TABLES` out.

Enters: an iterator of pages and what gives the rows that deletions leave. Leaves: dlt resources,
merged on the Stripe account and `id`. Requests and decisions about what to read stand elsewhere.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import dlt
import pyarrow as pa
from dlt.extract import DltResource

from ingestion.landing import TABLES
from ingestion.landing.columns import Table
from ingestion.landing.rows import Stamp
from ingestion.landing.schema import KEY, READ_AT, schema
from ingestion.merge.quarantine import Quarantine
from ingestion.stripe_api.reader import Page

Batch = dict[str, pa.Table]
Tombstones = Callable[[Page], Batch]
Hints = Callable[[Table], dict[str, Any]]

BATCH_ROWS = 10_000
EMPTY: Batch = {table.name: schema(table).empty_table() for table in TABLES}


def batches(
    pages: Iterator[Page],
    tombstones: Tombstones,
    quarantine: Quarantine,
    *,
    stripe_account_id: str,
    loaded_at: datetime,
) -> Iterator[Batch]:
    """Arrow tables by landing table, pages put together: dlt looks at the schema of each one.

    A table that would come without a row is left out: dlt takes its time for each.
    """
    waiting: dict[str, list[pa.Table]] = {name: [] for name in EMPTY}
    for page in pages:
        stamp = Stamp(stripe_account_id, page.read_at, loaded_at)
        for found in (quarantine.rows(page, stamp), tombstones(page)):
            for name, table in found.items():
                if table.num_rows:
                    waiting[name].append(table)
        if sum(table.num_rows for tables in waiting.values() for table in tables) >= BATCH_ROWS:
            yield _together(waiting)
            waiting = {name: [] for name in EMPTY}
    yield _together(waiting)


def _together(waiting: dict[str, list[pa.Table]]) -> Batch:
    return {name: pa.concat_tables(tables) for name, tables in waiting.items() if tables}


@dlt.source(name="stripe")
def stripe(found: Iterator[Batch], hints: Hints) -> Iterator[DltResource]:
    """All landing tables from one pass over the batches; `hints` say how each is merged."""
    parent = dlt.resource(found, name="batches", selected=False)
    for table in TABLES:
        yield _resource(table, parent, hints(table))


def _resource(table: Table, parent: DltResource, hints: dict[str, Any]) -> DltResource:
    def pick(batch: Batch) -> Any:
        return batch.get(table.name)

    made: DltResource = dlt.transformer(
        pick,
        data_from=parent,
        name=table.name,
        primary_key=KEY,
        columns={
            **{field.name: {"timezone": False} for field in _timestamps(table)},
            # Two streams can bring one card: the later read of it stays.
            READ_AT.name: {"timezone": False, "dedup_sort": "desc"},
        },
        **hints,
    )
    return made


def _timestamps(table: Table) -> list[pa.Field]:
    return [field for field in schema(table) if pa.types.is_timestamp(field.type)]
