"""One merge of a read: few rows at once by one transaction, many through dlt.

Enters: batches of rows, in order. Leaves: all of them merged, or none. dlt makes the landing tables
and changes their columns.
"""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import duckdb
import pyarrow as pa

from ingestion.engines import Engine
from ingestion.landing import TABLES
from ingestion.merge.batches import Batch
from ingestion.merge.load_failed import cause_of
from ingestion.merge.memory import give_back


def merge(found: Iterator[Batch], engine: Engine, state: Path, *, few: int) -> dict[str, int]:
    """Rows by table. `few`: bytes of rows that go without dlt. Raises what reading the batches
    raised, LoadFailed."""
    try:
        taken, is_all = _begun(found, few)
        if is_all and engine.merge_few(together := _together(taken)):
            return {table.name: _rows(together, table.name) for table in TABLES}
    except (duckdb.Error, OSError, LookupError, TypeError, ValueError) as error:
        raise cause_of(error) from None
    finally:
        give_back()
    from ingestion.merge.dlt_merge import merge as merge_by_dlt  # half a second

    return merge_by_dlt(chain(taken, found), engine, state)


def _begun(found: Iterator[Batch], few: int) -> tuple[list[Batch], bool]:
    """The first batches, until they are more than `few` bytes, and whether those are all."""
    taken: list[Batch] = []
    size = 0
    for batch in found:
        taken.append(batch)
        size += sum(rows.nbytes for rows in batch.values())
        if size > few or any(not rows.num_rows for rows in batch.values()):
            return taken, False
    return taken, True


def _together(taken: list[Batch]) -> Batch:
    names = sorted({name for batch in taken for name in batch})
    return {name: pa.concat_tables([b[name] for b in taken if name in b]) for name in names}


def _rows(tables: Batch, name: str) -> int:
    return tables[name].num_rows if name in tables else 0
