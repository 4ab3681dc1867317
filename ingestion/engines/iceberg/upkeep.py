"""What a lake's tables need now and then: fewer files, fewer snapshots, no file that none needs.

Enters: an Iceberg table, what has to stay. Leaves: counts of what was done. pyiceberg rewrites no
files and deletes none when a snapshot expires; both are done here.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow.dataset as ds
from pyarrow import fs
from pyiceberg.manifest import DataFile
from pyiceberg.table import Table

from ingestion.engines.iceberg.file_swap import BATCH_ROWS, in_parts, replace_files
from ingestion.engines.iceberg.parquet_files import filesystem, path_of, tasks

SMALL_BYTES = 8 << 20
MOST_BYTES = 64 << 20  # of files that are put together in one commit
SMALL_ROWS = 50_000
FOLDERS = ("data", "metadata")  # of a table, below its location
FEWEST = 4  # small files of an account: fewer are not worth a new one


@dataclass(frozen=True)
class Kept:
    """Files put together, snapshots expired, files removed."""

    compacted: int = 0
    expired: int = 0
    removed: int = 0


def compact(table: Table) -> int:
    """Small files of the same partition, put together: how many. Raises CommitFailedException.
    Where rows are so long that few fit into a file, it is left at that."""
    done = 0
    for group in _groups([task.file for task in tasks(table)]):
        columns = table.schema().as_arrow()
        store, paths = filesystem(table), [path_of(one.file_path) for one in group]
        rows = ds.dataset(paths, schema=columns, format="parquet", filesystem=store)
        made = replace_files(table, in_parts(rows.to_batches(batch_size=BATCH_ROWS)), group)
        table.refresh()
        done += len(group)
        if made > len(group) // 2:
            break
    return done


def _groups(files: Iterable[DataFile]) -> list[list[DataFile]]:
    """By partition, each as large as may be put together at once."""
    found: dict[Any, list[list[DataFile]]] = defaultdict(lambda: [[]])
    for file in sorted(files, key=lambda one: one.file_path):
        if file.file_size_in_bytes < SMALL_BYTES and file.record_count < SMALL_ROWS:
            groups = found[repr(file.partition)]
            if sum(one.file_size_in_bytes for one in groups[-1]) > MOST_BYTES:
                groups.append([])
            groups[-1].append(file)
    return [group for groups in found.values() for group in groups if len(group) >= FEWEST]


def expire(table: Table, *, before: datetime, needed: Collection[int]) -> int:
    """Snapshots of before (aware UTC) that nobody is said to need: how many. The current one and
    those with a name stay."""
    named = {ref.snapshot_id for ref in table.metadata.refs.values()}
    limit = before.timestamp() * 1000
    old = [
        one.snapshot_id
        for one in table.metadata.snapshots
        if one.timestamp_ms < limit and one.snapshot_id not in named | set(needed)
    ]
    if old:
        table.maintenance.expire_snapshots().by_ids(old).commit()
        table.refresh()
    return len(old)


def remove_orphans(table: Table, *, before: datetime) -> int:
    """Files in the table's own folders that no snapshot needs and that were written before (aware
    UTC): how many. A later one may be of a commit under way."""
    store, needed = filesystem(table), _needed(table)
    orphans = [
        one.path
        for folder in FOLDERS
        for one in store.get_file_info(
            fs.FileSelector(
                f"{path_of(table.location())}/{folder}", recursive=True, allow_not_found=True
            )
        )
        if one.type == fs.FileType.File and one.mtime < before and one.path not in needed
    ]
    for path in orphans:
        store.delete_file(path)
    return len(orphans)


def _needed(table: Table) -> set[str]:
    """Data, manifests, their lists, and the table's own descriptions."""
    found = {table.metadata_location, *(one.metadata_file for one in table.metadata.metadata_log)}
    found |= {one.statistics_path for one in table.metadata.statistics}
    for snapshot in table.metadata.snapshots:
        found.add(snapshot.manifest_list)
        for manifest in snapshot.manifests(table.io):
            found.add(manifest.manifest_path)
            entries = manifest.fetch_manifest_entry(table.io, discard_deleted=True)
            found |= {entry.data_file.file_path for entry in entries}
    return {path_of(one) for one in found if one}
