"""The dlt source: batches in, one typed landing table for each entry of `landing.TABLES` out.

Enters: an iterator of batches, and how each table is merged. Leaves: dlt resources, merged on the
Stripe account and `id`. Requests and decisions about what to read stand elsewhere.
"""

from collections.abc import Callable, Iterator
from typing import Any

import dlt
import pyarrow as pa
from dlt.extract import DltResource

from ingestion.landing import TABLES
from ingestion.landing.columns import KEY, Table
from ingestion.landing.schema import READ_AT, schema
from ingestion.merge.batches import Batch

Hints = Callable[[Table], dict[str, Any]]


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
