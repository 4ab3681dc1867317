"""One merge into one Iceberg table: a single commit, or nothing.

Enters: the table, rows that come. Leaves: the table with these rows in place of those of the same
key, but for what is older than them (the version guard). Only files that hold one of the keys are
written anew, one after the other.
"""

from collections.abc import Iterable, Iterator
from itertools import chain

import duckdb
import pyarrow as pa
import pyarrow.dataset as ds
from pyiceberg.table import FileScanTask
from pyiceberg.table import Table as IcebergTable

from ingestion.engines.guard import KEYS, MEMORY, SCHEMA, coming
from ingestion.engines.iceberg.file_swap import BATCH_ROWS, in_parts, replace_files
from ingestion.engines.iceberg.parquet_files import ACCOUNT, dataset, path, rows_of, tasks
from ingestion.landing.columns import KEY, Table
from ingestion.landing.schema import DELETED_AT, READ_AT, schema

FILE = "__filename"  # Arrow's name for where a row stands
SMALL_ROWS = 10_000
SMALL_FILES = 16  # more files of fewer rows than that are put together with what comes


def merge(iceberg: IcebergTable, landing: Table, fresh: ds.Dataset) -> None:
    """Merge `fresh`. Raises CommitFailedException where another writer was first."""
    with duckdb.connect() as database:
        database.execute(f"set memory_limit = '{MEMORY}'")
        database.register("fresh", fresh)
        accounts = _accounts(database)
        if not accounts:
            return
        # Other accounts' files are other loaders' to write.
        own = tasks(iceberg, row_filter=rows_of(accounts))
        files = {path(task): task for task in own}
        _find_landed(database, dataset(iceberg, list(files.values()), schema(landing)), landing)
        rows = database.sql(coming(landing, "fresh")).to_arrow_table()
        if not rows.num_rows:
            return
        database.register("coming", rows)
        names = {*_holding(database, landing), *_small(files)}
        replaced = [files[name] for name in sorted(names)]
        small, large = [
            [
                dataset(iceberg, [task], schema(landing))
                for task in replaced
                if (task.file.record_count < SMALL_ROWS) == is_small
            ]
            for is_small in (True, False)
        ]
        written = _written(database, rows, small, large)
        replace_files(iceberg, written, [task.file for task in replaced])


def _written(
    database: duckdb.DuckDBPyConnection,
    rows: pa.Table,
    small: list[ds.Dataset],
    large: list[ds.Dataset],
) -> Iterator[pa.Table]:
    """The rows that come with what small files keep; what each large file keeps."""
    kept = chain.from_iterable(_kept(database, found) for found in small)
    yield from in_parts(chain(rows.to_batches(), kept))
    for found in large:
        yield from in_parts(_kept(database, found))


def _accounts(database: duckdb.DuckDBPyConnection) -> list[str]:
    found = database.execute(f"select distinct {ACCOUNT} from fresh order by 1").fetchall()
    return [account for (account,) in found]


def _find_landed(database: duckdb.DuckDBPyConnection, rows: ds.Dataset, landing: Table) -> None:
    """Where the keys that come are landed, in which version: all that is read of the table."""
    versions = [READ_AT.name, *([DELETED_AT.name] if landing.tombstones else [])]
    database.register("landed", rows.scanner(columns=[*KEY, *versions, FILE]).to_reader())
    database.execute(f"create schema {SCHEMA}")
    database.execute(
        f"create table {SCHEMA}.{landing.name} as"
        f" select landed.* from landed semi join fresh using ({KEYS})"
    )


def _holding(database: duckdb.DuckDBPyConnection, landing: Table) -> list[str]:
    """Files with a row that is replaced."""
    found = database.execute(
        f"select distinct {FILE} from {SCHEMA}.{landing.name} semi join coming using ({KEYS})"
        " order by all"
    ).fetchall()
    return [row[0] for row in found]


def _small(files: dict[str, FileScanTask]) -> list[str]:
    """Each merge leaves a file: from time to time they are put together."""
    found = [name for name, task in files.items() if task.file.record_count < SMALL_ROWS]
    return found if len(found) > SMALL_FILES else []


def _kept(database: duckdb.DuckDBPyConnection, file: ds.Dataset) -> Iterable[pa.RecordBatch]:
    """A file's rows but for those that are replaced."""
    database.register("file", file)
    kept = database.sql(f"select * from file anti join coming using ({KEYS})")
    yield from kept.to_arrow_reader(BATCH_ROWS)
