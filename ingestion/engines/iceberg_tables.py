"""An Iceberg table in the columns that it has to have today.

Enters: a catalog, a table's name, its columns. Leaves: the table, made or widened.
"""

import pyarrow as pa
from pyiceberg.catalog import Catalog
from pyiceberg.exceptions import NoSuchTableError
from pyiceberg.table import Table

# Their own commit is made again by who knows the version guard (`iceberg_commits`), not by
# pyiceberg, which would put the same rows onto another writer's.
NO_RETRY = {"commit.retry.num-retries": "0"}
PROPERTIES = {
    "write.parquet.compression-codec": "zstd",
    "write.metadata.delete-after-commit.enabled": "true",
    "write.metadata.previous-versions-max": "20",
    "commit.manifest-merge.enabled": "true",
    **NO_RETRY,
}


def todays(
    catalog: Catalog, name: tuple[str, str], columns: pa.Schema, location: str | None = None
) -> Table:
    """Made where it is not there, at `location`."""
    today = pa.schema([field.with_nullable(True) for field in columns])
    try:
        table = catalog.load_table(name)
    except NoSuchTableError:
        return catalog.create_table(name, today, location=location, properties=PROPERTIES)
    if set(today.names) - set(table.schema().column_names):
        with table.update_schema() as update:
            update.union_by_name(today)
    if not NO_RETRY.items() <= table.properties.items():
        with table.transaction() as change:
            change.set_properties(NO_RETRY)
    return table
