"""An Iceberg table in the columns that it has to have today.

Enters: a catalog, a table's name, its columns. Leaves: the table, made or widened.
"""

from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from pyiceberg.catalog import Catalog
from pyiceberg.exceptions import NoSuchTableError
from pyiceberg.table import Table

# Their own commit is made again by who knows the version guard (`commits`), not by
# pyiceberg, which would put the same rows onto another writer's.
NO_RETRY = {"commit.retry.num-retries": "0"}
# A page is read whole: of rows of 25 KB it has 13 MB then, not 500.
SHORT_PAGES = {"write.parquet.page-row-limit": "512"}
SET = {**NO_RETRY, **SHORT_PAGES}
PROPERTIES = {
    "write.parquet.compression-codec": "zstd",
    "write.metadata.delete-after-commit.enabled": "true",
    "write.metadata.previous-versions-max": "20",
    "commit.manifest-merge.enabled": "true",
    **SET,
}


@dataclass(frozen=True)
class Made:
    """How a table is made that is not there: where (None: where the catalog wants it), and by which
    column's values its rows are kept apart."""

    location: str | None = None
    apart_by: str | None = None


ANYWHERE = Made()


def todays(
    catalog: Catalog, name: tuple[str, str], columns: pa.Schema, made: Made = ANYWHERE
) -> Table:
    """The table, made or widened."""
    today = pa.schema([field.with_nullable(True) for field in columns])
    try:
        table = catalog.load_table(name)
    except NoSuchTableError:
        return _made(catalog, name, today, made)
    if set(today.names) - set(table.schema().column_names):
        with table.update_schema() as update:
            update.union_by_name(today)
    if not SET.items() <= table.properties.items():
        with table.transaction() as change:
            change.set_properties(SET)
    return table


def _made(catalog: Catalog, name: tuple[str, str], columns: pa.Schema, made: Made) -> Table:
    where: dict[str, Any] = {"location": made.location, "properties": PROPERTIES}
    if not made.apart_by:
        return catalog.create_table(name, columns, **where)
    making = catalog.create_table_transaction(name, columns, **where)
    with making, making.update_spec() as spec:
        spec.add_identity(made.apart_by)
    return catalog.load_table(name)
