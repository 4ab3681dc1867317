"""The files of an Iceberg table as one Arrow dataset, of which DuckDB reads only what it needs; or
as files on this disk, which DuckDB reads within its own memory.

Enters: an Iceberg table and those of its files that are meant. Leaves: a dataset, or files.
"""

from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from shutil import copyfileobj, rmtree
from typing import Any, cast

import pyarrow as pa
import pyarrow.dataset as ds
from pyarrow import fs
from pyiceberg.expressions import And, BooleanExpression, GreaterThan, In
from pyiceberg.io.pyarrow import PyArrowFileIO
from pyiceberg.table import FileScanTask, Table

from ingestion.landing.schema import LOADED_AT

AT_ONCE = 4  # files that are fetched side by side
BUFFER = 1 << 20
FETCHED_BYTES = 256 << 20  # that are on this disk at once, or one file
ACCOUNT = "stripe_account_id"
_In, _GreaterThan = cast(Any, In), cast(Any, GreaterThan)  # typed as what they are read from


class RowsDeletedElsewhere(Exception):
    """Another writer has deleted rows in a way that only Spark can apply."""


def rows_of(accounts: Collection[str], since: datetime | None = None) -> BooleanExpression:
    """Rows of these Stripe accounts, landed after `since` (naive UTC). Not as text, whose parser
    is not made for threads."""
    found: BooleanExpression = _In(ACCOUNT, accounts)
    return And(found, _GreaterThan(LOADED_AT.name, since.isoformat())) if since else found


def tasks(table: Table, **which: Any) -> list[FileScanTask]:
    """The table's files, or those in which a scan of `which` (`row_filter`, `snapshot_id`) may find
    rows. Raises RowsDeletedElsewhere: whoever read them would see deleted rows."""
    found = list(table.scan(**which).plan_files())
    if any(task.delete_files for task in found):
        name = ".".join(table.name())
        raise RowsDeletedElsewhere(
            f"{name} holds deletions that a load did not write; in Spark: call"
            f" system.rewrite_data_files(table => '{name}',"
            " options => map('delete-file-threshold', '1'))"
        )
    return found


def dataset(table: Table, files: Sequence[FileScanTask], columns: pa.Schema) -> ds.Dataset:
    """Rows of these files in these columns; one that a file does not have yet is null."""
    if not files:
        return ds.dataset(columns.empty_table())
    paths, store = [path(task) for task in files], filesystem(table)
    return ds.dataset(paths, schema=columns, format="parquet", filesystem=store)


@contextmanager
def fetched(table: Table, files: Sequence[FileScanTask], folder: Path) -> Iterator[list[str]]:
    """The files in this folder, which is made for them and gone afterwards."""
    store = filesystem(table)

    def fetch(numbered: tuple[int, FileScanTask]) -> str:
        number, task = numbered
        here = folder / f"{number}.parquet"
        with store.open_input_stream(path(task)) as came, here.open("wb") as kept:
            copyfileobj(came, kept, BUFFER)
        return str(here)

    rmtree(folder, ignore_errors=True)  # of a copy that was killed
    folder.mkdir(mode=0o700)
    try:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            yield list(pool.map(fetch, enumerate(files)))
    finally:
        rmtree(folder)


def in_groups(files: Sequence[FileScanTask]) -> Iterator[list[FileScanTask]]:
    """What is fetched together."""
    group, size = list[FileScanTask](), 0
    for task in files:
        group.append(task)
        size += task.file.file_size_in_bytes
        if size >= FETCHED_BYTES:
            yield group
            group, size = [], 0
    if group:
        yield group


def filesystem(table: Table) -> fs.FileSystem:
    """Where its files are."""
    scheme, host, _ = PyArrowFileIO.parse_location(table.location())
    assert isinstance(table.io, PyArrowFileIO)  # noqa: S101 - for the type checker
    return table.io.fs_by_scheme(scheme, host)


def path(task: FileScanTask) -> str:
    return path_of(task.file.file_path)


def path_of(location: str) -> str:
    """As Arrow names it, without a scheme."""
    return PyArrowFileIO.parse_location(location)[2]
