"""Rows in place of some of an Iceberg table's files: one snapshot.

Enters: a table, rows, the files that they replace. Leaves: a commit, whose moment is later than
that of the snapshot before, by the catalog's clock where it tells its own: a snapshot that seems
older than the last one is refused, and one of the future would have all others refused. Rows are
written as they come, so that memory holds those of one file, however many there are.
"""

import time
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar

import pyarrow as pa
from pyiceberg.io.pyarrow import _dataframe_to_data_files
from pyiceberg.manifest import DataFile
from pyiceberg.table import Table
from pyiceberg.table.update import AddSnapshotUpdate

PART_BYTES = 32 << 20  # of rows in memory, of which a file is written
BATCH_ROWS = 4096
Update = TypeVar("Update")


def in_parts(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """What is written as a file each, before the next one is read."""
    waiting, size = list[pa.RecordBatch](), 0
    for batch in batches:
        waiting.append(batch)
        size += batch.nbytes
        if size >= PART_BYTES:
            yield pa.Table.from_batches(waiting)
            waiting, size = [], 0
    if waiting:
        yield pa.Table.from_batches(waiting)


def replace_files(iceberg: Table, written: Iterable[pa.Table], replaced: list[DataFile]) -> int:
    """How many files were written. Raises CommitFailedException where another writer was first."""
    files = 0
    with iceberg.transaction() as change:
        update = change.update_snapshot()
        with update.overwrite() if replaced else update.merge_append() as snapshot:
            for file in replaced:
                snapshot.delete_data_file(file)
            for table in filter(len, written):
                for made in _dataframe_to_data_files(iceberg.metadata, table, iceberg.io):
                    snapshot.append_data_file(made)
                    files += 1
        change._updates = tuple(_in_order(change._updates, _moment(iceberg)))
    return files


def overtake(iceberg: Table, properties: Mapping[str, str]) -> None:
    """The same rows in another snapshot: what others have under way is refused from now on, as it
    was made on the one before. Raises CommitFailedException where another writer was first."""
    with iceberg.transaction() as change:
        change.set_properties(dict(properties))
        with change.update_snapshot().fast_append():
            pass
        change._updates = tuple(_in_order(change._updates, _moment(iceberg)))


def _moment(iceberg: Table) -> int:
    ahead = getattr(iceberg.catalog, "ahead", 0.0)  # of a REST catalog
    last = max((one.timestamp_ms for one in iceberg.metadata.snapshots), default=0)
    return max(int((time.time() + ahead) * 1000), last + 1)


def _in_order(updates: Iterable[Update], moment: int) -> Iterable[Update]:
    for update in updates:
        if isinstance(update, AddSnapshotUpdate):
            dated = update.snapshot.model_copy(update={"timestamp_ms": moment})
            yield update.model_copy(update={"snapshot": dated})
        else:
            yield update
