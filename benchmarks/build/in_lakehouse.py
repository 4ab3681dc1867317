"""What a lakehouse costs beside one file: to land, build and share everything, and 100 changes.

Enters: --sizes (customers); `make setup-lakehouse` has installed the server. Leaves: a table, or
JSON. The rows are those of the transform benchmark; catalog and bucket are on this machine, so that
no network is in the figures.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import duckdb
from pydantic import SecretStr

from benchmarks.build import transform as on_duckdb
from benchmarks.build.on_spark import LATER, built
from benchmarks.showing import Rows, arguments
from ingestion.engines.iceberg.rest_lake import RestLake
from ingestion.landing import TABLES
from orchestration.build.scope import BuildKind
from orchestration.configuration.settings import Settings
from orchestration.warehouse.landed_copy import bring
from tests.lakehouse.server import lakehouse

COLUMNS = (
    *("customers", "landed, s", "copied, s", "built and shared, s", "the file's build, s"),
    *("100 landed, s", "copied, s", "built and shared, s", "the file's, s"),
)


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000])
    options = parser.parse_args()
    shown, taken = Rows(*COLUMNS), {}
    for customers in sorted(options.sizes):
        taken[customers] = found = measure(customers)
        shown.add([f"{customers:,}", *(f"{seconds:.1f}" for seconds in found)])
    return shown.end(taken, as_json=options.json)


def measure(customers: int) -> list[float]:
    """Seconds, as the columns have them."""
    with tempfile.TemporaryDirectory() as name, lakehouse(Path(name) / "lakehouse") as house:
        os.environ |= house.environment
        rows = Path(name) / "landed" / "warehouse.duckdb"  # of another name dbt would parse anew
        rows.parent.mkdir()
        on_duckdb.land(rows, customers)
        file = _settings(Path(name) / "file", f"duckdb:///{rows}")
        lake = _settings(Path(name) / "lake", house.url(), credential=house.credential)
        taken = _taken(rows, lake, file, BuildKind.FULL)
        on_duckdb.change(rows, customers, LATER)
        return taken + _taken(rows, lake, file, BuildKind.REFRESH)


def _settings(folder: Path, url: str, *, credential: str | None = None) -> Settings:
    folder.mkdir()
    return Settings(
        _env_file=None,
        data_dir=folder,
        warehouse_url=SecretStr(url),
        iceberg_credential=SecretStr(credential) if credential else None,
        account_id_metadata_key="account_id",
    )


def _taken(rows: Path, lake: Settings, file: Settings, kind: BuildKind) -> list[float]:
    place = lake.site.place
    assert isinstance(place, RestLake)

    def copied() -> None:
        with duckdb.connect(str(lake.warehouse)) as database:
            bring(place, database, at=LATER + timedelta(days=1))

    landed = _seconds(lambda: _land(rows, place, changed=kind is BuildKind.REFRESH))
    return [landed, _seconds(copied), built(lake, kind), built(file, kind)]


def _land(rows: Path, place: RestLake, *, changed: bool) -> None:
    where = "where loaded_at = $later" if changed else "where $later is not null"
    with duckdb.connect(str(rows), read_only=True) as database, place.whole_load("acct_1"):
        place.catalog.create_namespace_if_not_exists("stripe")
        found = {
            table.name: database.execute(
                f"from stripe.{table.name} {where}", {"later": LATER.replace(tzinfo=None)}
            ).to_arrow_table()
            for table in TABLES
        }
        with place.loading("acct_1"):
            place.merge_few({name: some for name, some in found.items() if some.num_rows})


def _seconds(work: Callable[[], None]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began


if __name__ == "__main__":
    sys.exit(main())
