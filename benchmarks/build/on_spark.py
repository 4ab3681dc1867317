"""What the same builds take on Spark and Iceberg, beside DuckDB: everything, and 100 changes.

Enters: --sizes (customers); `make setup-spark` has installed Spark. Leaves: a table, or JSON. The
rows are those of the transform benchmark. For each size a cluster of two workers with one core each
is started on this machine: it tells what Spark costs here, not what many machines give.
"""

import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

import duckdb

from benchmarks.build import transform as on_duckdb
from benchmarks.showing import Rows, arguments
from ingestion.engines.iceberg.lake import Lake
from ingestion.landing import TABLES
from orchestration.build.scope import BuildKind
from orchestration.configuration.settings import Settings
from orchestration.publication.published_file import Copy
from tests.spark.cluster import cluster

COLUMNS = (
    *("customers", "full build, DuckDB, s", "full build, Spark, s", "times"),
    *("100 changes, DuckDB, s", "100 changes, Spark, s", "times"),
)
LATER = on_duckdb.AS_OF + timedelta(hours=1)


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000])
    options = parser.parse_args()
    shown, taken = Rows(*COLUMNS), {}
    for customers in sorted(options.sizes):
        taken[customers] = found = measure(customers)
        cells = [f"{customers:,}"]
        for duck, spark in zip(found["DuckDB"], found["Spark"], strict=True):
            cells += [f"{duck:.1f}", f"{spark:.1f}", f"{spark / duck:.0f}"]
        shown.add(cells)
    return shown.end(taken, as_json=options.json)


def measure(customers: int) -> dict[str, list[float]]:
    """By engine the seconds of a full build and of a refresh, each with its publication."""
    with tempfile.TemporaryDirectory() as name, cluster(Path(name) / "spark") as found:
        rows = Path(name) / "rows.duckdb"
        on_duckdb.land(rows, customers)
        engines = {
            "DuckDB": _settings(Path(name) / "duckdb", f"duckdb:///{rows}"),
            "Spark": _settings(Path(name) / "spark_data", found.warehouse_url),
        }
        bring(rows, engines["Spark"])
        taken = {engine: [built(one, BuildKind.FULL)] for engine, one in engines.items()}
        on_duckdb.change(rows, customers, LATER)
        bring(rows, engines["Spark"])
        for engine, one in engines.items():
            taken[engine].append(built(one, BuildKind.REFRESH))
        return taken


def _settings(folder: Path, url: str) -> Settings:
    folder.mkdir()
    return Settings(
        _env_file=None, data_dir=folder, warehouse_url=url, account_id_metadata_key="account_id"
    )


def bring(rows: Path, settings: Settings) -> None:
    """The landing tables as Iceberg tables."""
    lake = settings.site.place
    assert isinstance(lake, Lake)
    catalog = lake.catalog
    catalog.create_namespace_if_not_exists("stripe")
    with duckdb.connect(str(rows), read_only=True) as database:
        for table in TABLES:
            found = database.sql(f"from stripe.{table.name}").to_arrow_table()
            name = ("stripe", table.name)
            catalog.create_table_if_not_exists(name, schema=found.schema).overwrite(found)


def built(settings: Settings, kind: BuildKind) -> float:
    as_of = on_duckdb.AS_OF if kind is BuildKind.FULL else LATER
    began, copy = time.monotonic(), Copy(settings.marts)
    on_duckdb.build(settings, kind, as_of, copy)
    on_duckdb.published(settings, copy, refreshed=kind is BuildKind.REFRESH)
    return time.monotonic() - began


if __name__ == "__main__":
    sys.exit(main())
