"""The files of an Iceberg table as one Arrow dataset, of which DuckDB reads only what it needs.

Enters: an Iceberg table and those of its files that are meant. Leaves: a dataset.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, cast

import pyarrow as pa
import pyarrow.dataset as ds
from pyiceberg.expressions import And, BooleanExpression, GreaterThan, In
from pyiceberg.io.pyarrow import PyArrowFileIO
from pyiceberg.table import FileScanTask, Table

from ingestion.landing.schema import LOADED_AT

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
    scheme, host, _ = PyArrowFileIO.parse_location(files[0].file.file_path)
    assert isinstance(table.io, PyArrowFileIO)  # noqa: S101 - for the type checker
    return ds.dataset(
        [path(task) for task in files],
        schema=columns,
        format="parquet",
        filesystem=table.io.fs_by_scheme(scheme, host),
    )


def path(task: FileScanTask) -> str:
    """As Arrow names it, without a scheme."""
    return PyArrowFileIO.parse_location(task.file.file_path)[2]
