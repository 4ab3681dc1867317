"""`WAREHOUSE_URL`, read: its parts, or what is wrong with it.

Enters: the setting. Leaves: its parts by name; complaints, one line each with its remedy, which
never tell a catalog's password. What follows from it stands in `warehouse_kinds`.
"""

from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qs, parse_qsl, urlsplit

DUCKDB, DUCKLAKE, SPARK = "duckdb:///", "ducklake://", "spark://"
ICEBERG, ICEBERG_HTTP = "iceberg://", "iceberg+http://"
SCHEMES = (DUCKDB, DUCKLAKE, SPARK, ICEBERG, ICEBERG_HTTP)
TAKEN = ("stripe", "pipeline", "staging", "intermediate", "marts", "seeds", "sync", "main")
BUCKETS = ("s3://", "file:///")
LAKE = (
    "catalog=postgresql://USER:PASSWORD@HOST/DATABASE&warehouse=FOLDER, where FOLDER is a path from"
    " the root{other}, and an & or # in a password is %26 or %23"
)
REST = (
    "{scheme}HOST:PORT/PATH?warehouse=NAME, the address of a REST catalog and one of its warehouses"
)
# What pyiceberg and Arrow are told besides; a credential is in ICEBERG_CREDENTIAL, or AWS's own.
OPTIONS = (
    *("s3.endpoint", "s3.region", "s3.force-virtual-addressing", "prefix", "scope"),
    *("oauth2-server-uri", "audience", "header.X-Iceberg-Access-Delegation"),
    *("rest.sigv4-enabled", "rest.signing-name", "rest.signing-region"),
)
SHAPES = {
    DUCKDB: "duckdb:///FILE, four slashes for a path from the root, without an apostrophe; or"
    " ducklake://?catalog=...&warehouse=... or spark://HOST:PORT?catalog=...&warehouse=... or iceberg://HOST?warehouse=...",
    DUCKLAKE: "ducklake://?" + LAKE.format(other=" that all who write see"),
    SPARK: "spark://HOST:PORT?" + LAKE.format(other=" or a bucket's URL"),
    ICEBERG: REST.format(scheme=ICEBERG),
    ICEBERG_HTTP: REST.format(scheme=ICEBERG_HTTP),
}
# What a lake needs besides: a module by which it is found, and the remedy.
PACKAGES = {
    DUCKLAKE: (
        "duckdb_extension_ducklake",
        "names DuckLake, and its packages are not on Python's path: make setup-ducklake, then"
        " export PYTHONPATH=.ducklake",
    ),
    SPARK: ("pyiceberg", "names Spark, and its packages are not installed: uv sync --extra spark"),
    ICEBERG: (
        "pyiceberg",
        "names an Iceberg catalog, and its packages are not installed: uv sync --extra iceberg",
    ),
}


def scheme(url: str) -> str:
    """Which of these it is; what is none of them is taken for a file, and refused as one."""
    return next((one for one in SCHEMES if url.startswith(one)), DUCKDB)


def parts(url: str) -> dict[str, Any]:
    """What its warehouse is made with. Raises ValueError that names the part which is wrong."""
    kind, split = scheme(url), urlsplit(url)
    if kind == DUCKDB:
        return {"file": _file(url)}
    if kind == DUCKLAKE:
        return {"catalog_url": _catalog(split), "folder": _folder(split, "the root", "/")}
    if kind in (ICEBERG, ICEBERG_HTTP):
        return _rest(split)
    if not split.hostname or not split.port or split.path.strip("/"):
        raise ValueError("has no HOST:PORT of Spark's thrift server")
    catalog, folder = _catalog(split), _folder(split, "the root or a bucket", "/", *BUCKETS)
    if folder.startswith("/"):
        folder = Path(folder).as_uri()
    address = {"host": split.hostname, "port": split.port}
    return address | {"catalog_url": catalog, "folder": folder}


def problems(url: str | None) -> list[str]:
    """One line for what is wrong, with the remedy."""
    if url is None:
        return []
    kind = scheme(url)
    try:
        found = parts(url)
    except ValueError as error:
        # What urlsplit says of a wrong port may hold the rest of the URL.
        said = str(error) if str(error).startswith("has no") else "is no address"
        return [f"WAREHOUSE_URL {said}: write {SHAPES[kind]}"]
    if kind == DUCKDB:
        return _problems_of_file(found["file"])
    package, remedy = PACKAGES[ICEBERG if kind == ICEBERG_HTTP else kind]
    return [] if find_spec(package) else [f"WAREHOUSE_URL {remedy}"]


def _file(url: str) -> Path:
    path = Path(url.removeprefix(DUCKDB))
    if not url.startswith(DUCKDB) or not path.name or "'" in url:
        raise ValueError("has no file that it could be")
    return path


def _problems_of_file(path: Path) -> list[str]:
    if path.stem.lower() in TAKEN:
        return [f"WAREHOUSE_URL: a file named {path.name} clashes with a schema; use another name"]
    if not path.parent.is_dir():
        return [f"WAREHOUSE_URL: the folder {path.parent} does not exist; make it first"]
    return []


def _catalog(split: SplitResult) -> str:
    [catalog] = parse_qs(split.query).get("catalog", [""])
    if not catalog.startswith("postgresql://") or not urlsplit(catalog).path.strip("/"):
        raise ValueError("has no catalog=postgresql://... with a database")
    return catalog


def _rest(split: SplitResult) -> dict[str, Any]:
    if not split.hostname or split.port == 0 or "@" in split.netloc:
        raise ValueError("has no HOST of a REST catalog, or a name before it")
    given = dict(parse_qsl(split.query))
    warehouse = given.pop("warehouse", None)
    if not warehouse:
        raise ValueError("has no warehouse=NAME")
    if unknown := sorted(given.keys() - set(OPTIONS)):
        raise ValueError(f"has no use for {unknown[0]}: it knows {', '.join(OPTIONS)}")
    scheme = "http" if split.scheme.endswith("+http") else "https"
    uri = f"{scheme}://{split.netloc}{split.path.rstrip('/')}"
    return {"uri": uri, "warehouse": warehouse, "options": tuple(sorted(given.items()))}


def _folder(split: SplitResult, where: str, *begins: str) -> str:
    [folder] = parse_qs(split.query).get("warehouse", [""])
    if not folder.startswith(begins):
        raise ValueError(f"has no warehouse= with a path from {where}")
    return folder.rstrip("/")
