"""A warehouse past one machine: what `WAREHOUSE_URL=spark://...` says.

Enters: the setting. Leaves: where Spark's thrift server, the Iceberg catalog and the tables are, or
complaints, which never tell the catalog's password.
"""

from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

SCHEME = "spark://"
SHAPE = (
    "spark://HOST:PORT?catalog=postgresql://USER:PASSWORD@HOST/DATABASE&warehouse=FOLDER, where"
    " FOLDER is a path from the root or a bucket's URL, and an & or # in a password is %26 or %23"
)
BUCKETS = ("s3://", "file:///")


@dataclass(frozen=True)
class SparkUrl:
    """The thrift server's host and port; the catalog's database; the folder or bucket, as a URL."""

    host: str
    port: int
    catalog_url: str = field(repr=False)
    folder: str

    @property
    def password(self) -> str:
        return urlsplit(self.catalog_url).password or ""


def parse(url: str) -> SparkUrl:
    """Raises ValueError that names the part which is wrong."""
    parts = urlsplit(url)
    if not parts.hostname or not parts.port or parts.path.strip("/"):
        raise ValueError("has no HOST:PORT of Spark's thrift server")
    given = parse_qs(parts.query)
    [catalog], [folder] = given.get("catalog", [""]), given.get("warehouse", [""])
    if not catalog.startswith("postgresql://") or not urlsplit(catalog).path.strip("/"):
        raise ValueError("has no catalog=postgresql://... with a database")
    if not folder.startswith(("/", *BUCKETS)):
        raise ValueError("has no warehouse= with a path from the root or a bucket")
    url = Path(folder).as_uri() if folder.startswith("/") else folder
    return SparkUrl(parts.hostname, parts.port, catalog, url.rstrip("/"))


def problems(url: str) -> list[str]:
    """One line for what is wrong, with the remedy."""
    try:
        parse(url)
    except ValueError as error:
        # What urlsplit says of a wrong port may hold the rest of the URL.
        said = str(error) if str(error).startswith("has no") else "is no address"
        return [f"WAREHOUSE_URL {said}: write {SHAPE}"]
    if find_spec("pyiceberg") is None:
        return [
            "WAREHOUSE_URL names Spark, and its packages are not installed: uv sync --extra spark"
        ]
    return []
