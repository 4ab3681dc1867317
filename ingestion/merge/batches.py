"""Pages put together to batches of rows: large enough for dlt, small enough for memory.

Enters: pages, and what gives the rows that deletions leave. Leaves: Arrow tables by landing table.
"""

from collections.abc import Callable, Iterator
from datetime import datetime

import pyarrow as pa

from ingestion.landing import TABLES
from ingestion.landing.rows import Stamp
from ingestion.landing.schema import schema
from ingestion.merge.fitting_rows import Quarantine
from ingestion.stripe_api.reader import Page

Batch = dict[str, pa.Table]
Tombstones = Callable[[Page], Batch]

BATCH_ROWS = 10_000
BATCH_BYTES = 8 << 20  # DuckDB holds a column of a batch in one piece, several at once
EMPTY: Batch = {table.name: schema(table).empty_table() for table in TABLES}


def batches(  # noqa: PLR0913  (by keyword)
    pages: Iterator[Page],
    tombstones: Tombstones,
    quarantine: Quarantine,
    *,
    stripe_account_id: str,
    loaded_at: datetime,
    on_rows: Callable[[int], None] = lambda size: None,
) -> Iterator[Batch]:
    """Arrow tables by landing table, pages put together: dlt looks at the schema of each one.

    A table that would come without a row is left out: dlt takes its time for each. `on_rows` hears
    how many bytes each page has become.
    """
    waiting = _Waiting()
    for page in pages:
        stamp = Stamp(stripe_account_id, page.read_at, loaded_at)
        for found in (quarantine.rows(page, stamp), tombstones(page)):
            on_rows(waiting.add(found))
        if waiting.rows >= BATCH_ROWS or waiting.size >= BATCH_BYTES:
            yield waiting.together()
            waiting = _Waiting()
    yield waiting.together()


class _Waiting:
    """Tables of several pages, by name; how many rows and bytes there are in all."""

    def __init__(self) -> None:
        self._tables: dict[str, list[pa.Table]] = {name: [] for name in EMPTY}
        self.rows = self.size = 0

    def add(self, found: Batch) -> int:
        """How many bytes came."""
        filled = {name: table for name, table in found.items() if table.num_rows}
        for name, table in filled.items():
            self._tables[name].append(table)
        self.rows += sum(table.num_rows for table in filled.values())
        size: int = sum(table.nbytes for table in filled.values())
        self.size += size
        return size

    def together(self) -> Batch:
        return {name: pa.concat_tables(tables) for name, tables in self._tables.items() if tables}
