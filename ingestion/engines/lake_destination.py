"""dlt's way into Iceberg tables: its `filesystem` destination, with merges of our own.

Enters: the catalog and the folder. Leaves: a destination. dlt's own merge is pyiceberg's upsert,
which knows no version guard, commits each 1,000 rows and took 20 times as long.
"""

from typing import Any, cast

import pyarrow as pa
import pyarrow.dataset as ds
from dlt.common.schema import Schema
from dlt.destinations import filesystem
from dlt.destinations.impl.filesystem.configuration import FilesystemDestinationClientConfiguration
from dlt.destinations.impl.filesystem.filesystem import (
    FilesystemClient,
    IcebergLoadFilesystemJob,
    ReferenceFollowupJob,
)
from pyiceberg.catalog import Catalog
from pyiceberg.exceptions import NoSuchTableError
from pyiceberg.table import Table as IcebergTable

from ingestion.engines.guard import SCHEMA
from ingestion.engines.lake_merge import merge
from ingestion.landing import TABLES
from ingestion.landing.columns import Table
from ingestion.landing.schema import schema

BY_NAME = {table.name: table for table in TABLES}
PROPERTIES = {
    "write.parquet.compression-codec": "zstd",
    "write.metadata.delete-after-commit.enabled": "true",
    "write.metadata.previous-versions-max": "20",
    "commit.manifest-merge.enabled": "true",
}


def lake_destination(catalog: Catalog, folder: str) -> "LakeDestination":
    """Tables of this catalog, below a folder's path or a bucket's URL."""
    catalog.create_namespace_if_not_exists(SCHEMA)  # here: jobs are threads
    made = LakeDestination(bucket_url=folder, destination_name=catalog.name)
    made.catalog = catalog
    return made


class LakeDestination(filesystem):
    """Writes to the tables of a catalog that is given, not configured."""

    catalog: Catalog

    @property
    def client_class(self) -> type["LakeClient"]:
        return LakeClient

    def client(
        self,
        schema: Schema,
        initial_config: FilesystemDestinationClientConfiguration = None,  # type: ignore[assignment]
    ) -> "LakeClient":
        made = cast(LakeClient, super().client(schema, initial_config))
        made.catalog = self.catalog
        return made


class LakeClient(FilesystemClient):
    """dlt's client, whose jobs merge by `lake_merge`."""

    catalog: Catalog

    def get_open_table_catalog(self, table_format: str, catalog_name: str | None = None) -> Catalog:  # noqa: ARG002
        return self.catalog

    @staticmethod
    def get_reference_followup_job_class(table: Any) -> type[ReferenceFollowupJob] | None:
        return MergeJob if table["name"] in BY_NAME else None

    def complete_load(self, load_id: str) -> None:
        """What is committed stands in the catalog; dlt would leave two files for each load."""


class MergeJob(IcebergLoadFilesystemJob):
    """All files of one table in one load: one commit."""

    def run(self) -> None:
        landing = BY_NAME[self.load_table_name]
        fresh = ds.dataset(self.file_paths, schema=schema(landing), format="parquet")
        location = self._job_client.get_open_table_location("iceberg", landing.name)
        catalog = self._job_client.get_open_table_catalog("iceberg")
        merge(_table(catalog, landing, location), landing, fresh)


def _table(catalog: Catalog, landing: Table, location: str) -> IcebergTable:
    """The table in today's columns; made where it is not there."""
    name = (SCHEMA, landing.name)
    today = pa.schema([field.with_nullable(True) for field in schema(landing)])
    try:
        table = catalog.load_table(name)
    except NoSuchTableError:
        return catalog.create_table(name, today, location=location, properties=PROPERTIES)
    if set(today.names) - set(table.schema().column_names):
        with table.update_schema() as update:
            update.union_by_name(today)
    return table
