"""A warehouse that is no file: what `WAREHOUSE_URL=spark://...` or `ducklake://...` says.

Enters: the setting. Leaves: where the lake's catalog, its tables and, if it has one, Spark's thrift
server are; or complaints, which never tell the catalog's password.
"""

from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, parse_qs, urlsplit

if TYPE_CHECKING:
    from ingestion.engines import Engine

SPARK, DUCKLAKE = "spark://", "ducklake://"
BUCKETS = ("s3://", "file:///")
PLACES = (
    "catalog=postgresql://USER:PASSWORD@HOST/DATABASE&warehouse=FOLDER, where FOLDER is a path from"
    " the root{bucket}, and an & or # in a password is %26 or %23"
)
SHAPES = {
    SPARK: "spark://HOST:PORT?" + PLACES.format(bucket=" or a bucket's URL"),
    DUCKLAKE: "ducklake://?" + PLACES.format(bucket=" that all who write see"),
}
# What a lake needs besides: a module by which it is found, and the remedy.
PACKAGES = {
    SPARK: ("pyiceberg", "names Spark, and its packages are not installed: uv sync --extra spark"),
    DUCKLAKE: (
        "duckdb_extension_ducklake",
        "names DuckLake, and its packages are not on Python's path: make setup-ducklake, then"
        " export PYTHONPATH=.ducklake",
    ),
}


@dataclass(frozen=True, kw_only=True)
class DuckLakeUrl:
    """The catalog's database; the folder of the files, a path."""

    catalog_url: str = field(repr=False)
    folder: str

    @property
    def password(self) -> str:
        return urlsplit(self.catalog_url).password or ""

    def engine(self) -> "Engine":
        from ingestion.engines.ducklake import DuckLake  # loads extensions of its own

        return DuckLake(self.catalog_url, self.folder)


@dataclass(frozen=True, kw_only=True)
class SparkUrl(DuckLakeUrl):
    """The thrift server's host and port; the Iceberg catalog's database; the folder or bucket, as
    a URL."""

    host: str
    port: int

    def engine(self) -> "Engine":
        from ingestion.engines.lake import Lake  # of the extra `spark`

        return Lake(self.catalog_url, self.folder)


def parse(url: str) -> DuckLakeUrl | None:
    """None: it names no lake. Raises ValueError that names the part which is wrong."""
    parts = urlsplit(url)
    if url.startswith(DUCKLAKE):
        return DuckLakeUrl(catalog_url=_catalog(parts), folder=_folder(parts, ("/",)))
    if not url.startswith(SPARK):
        return None
    if not parts.hostname or not parts.port or parts.path.strip("/"):
        raise ValueError("has no HOST:PORT of Spark's thrift server")
    catalog, folder = _catalog(parts), _folder(parts, ("/", *BUCKETS))
    there = Path(folder).as_uri() if folder.startswith("/") else folder
    return SparkUrl(catalog_url=catalog, folder=there, host=parts.hostname, port=parts.port)


def _catalog(parts: SplitResult) -> str:
    [catalog] = parse_qs(parts.query).get("catalog", [""])
    if not catalog.startswith("postgresql://") or not urlsplit(catalog).path.strip("/"):
        raise ValueError("has no catalog=postgresql://... with a database")
    return catalog


def _folder(parts: SplitResult, begins: tuple[str, ...]) -> str:
    [folder] = parse_qs(parts.query).get("warehouse", [""])
    if not folder.startswith(begins):
        bucket = " or a bucket" if len(begins) > 1 else ""
        raise ValueError(f"has no warehouse= with a path from the root{bucket}")
    return folder.rstrip("/")


def problems(url: str) -> list[str]:
    """One line for what is wrong, with the remedy; none for what names no lake."""
    kind = next((one for one in SHAPES if url.startswith(one)), None)
    if kind is None:
        return []
    try:
        parse(url)
    except ValueError as error:
        # What urlsplit says of a wrong port may hold the rest of the URL.
        said = str(error) if str(error).startswith("has no") else "is no address"
        return [f"WAREHOUSE_URL {said}: write {SHAPES[kind]}"]
    package, remedy = PACKAGES[kind]
    return [] if find_spec(package) else [f"WAREHOUSE_URL {remedy}"]
