"""Iceberg tables that Spark reads: their catalog is kept in PostgreSQL.

Enters: the catalog's database and the folder of the tables. Leaves: the engine. No Spark is needed
here.
"""

from dataclasses import dataclass, field
from functools import cache
from urllib.parse import urlsplit

from pyiceberg.catalog.sql import SqlCatalog

from ingestion.engines.guard import SCHEMA
from ingestion.engines.iceberg.columns import Made
from ingestion.engines.iceberg.engine import IcebergTables

CATALOG = "lake"  # Spark's configuration has the same name


@dataclass(frozen=True)
class Lake(IcebergTables):
    """`stripe.*` in the Iceberg catalog `lake`, kept in the PostgreSQL database at `catalog_url`
    (which may hold a password); data and metadata below `folder`, a path or a bucket's URL."""

    catalog_url: str = field(repr=False)
    folder: str

    @property
    def catalog(self) -> SqlCatalog:
        return _catalog(self.catalog_url, self.folder)

    @property
    def place(self) -> str:
        database = urlsplit(self.catalog_url)
        return f"{database.hostname}{database.path} {self.folder}"

    def made(self, name: str) -> Made:
        return Made(location=f"{self.folder}/{SCHEMA}/{name}")


@cache
def _catalog(url: str, folder: str) -> SqlCatalog:
    return SqlCatalog(
        CATALOG,
        uri=url.replace("postgresql://", "postgresql+psycopg://", 1),
        warehouse=folder,
        pool_pre_ping="true",
    )
