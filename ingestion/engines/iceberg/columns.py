"""An Iceberg table in the columns that it has to have today.

Enters: a catalog, a table's name, its columns. Leaves: the table, made or widened.
"""

from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from pyiceberg.catalog import Catalog
from pyiceberg.exceptions import NoSuchTableError
from pyiceberg.io.pyarrow import pyarrow_to_schema
from pyiceberg.partitioning import PARTITION_FIELD_ID_START, PartitionField, PartitionSpec
from pyiceberg.table import Table
from pyiceberg.transforms import IdentityTransform

# Their own commit is made again by who knows the version guard (`commits`), not by
# pyiceberg, which would put the same rows onto another writer's.
NO_RETRY = {"commit.retry.num-retries": "0"}
# A page is read whole: of rows of 25 KB it has 13 MB then, not 500.
SHORT_PAGES = {"write.parquet.page-row-limit": "512"}
SET = {**NO_RETRY, **SHORT_PAGES}
PROPERTIES = {
    "write.parquet.compression-codec": "zstd",
    "commit.manifest-merge.enabled": "true",
    **SET,
}
# A catalog that says where its tables are looks after their metadata itself (and Unity forbids to
# say how); in another one, whoever commits removes what is old.
FEW_VERSIONS = {
    "write.metadata.delete-after-commit.enabled": "true",
    "write.metadata.previous-versions-max": "20",
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
    """In one request: not every catalog makes a table by steps (Glue), or lets its partitions
    change (Unity)."""
    properties = PROPERTIES | (FEW_VERSIONS if made.location else {})
    where: dict[str, Any] = {"location": made.location, "properties": properties}
    if not made.apart_by:
        return catalog.create_table(name, columns, **where)
    numbered = pyarrow_to_schema(
        pa.schema(
            field.with_metadata({"PARQUET:field_id": str(number)})
            for number, field in enumerate(columns, start=1)
        )
    )
    source = numbered.find_field(made.apart_by).field_id
    apart = PartitionField(source, PARTITION_FIELD_ID_START, IdentityTransform(), made.apart_by)
    return catalog.create_table(name, numbered, partition_spec=PartitionSpec(apart), **where)
