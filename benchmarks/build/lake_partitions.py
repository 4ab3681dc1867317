"""What partitioning a landing table of a lakehouse changes: merges, what they write, a full copy.

Enters: --customers; `make setup-lakehouse` has installed the server. Leaves: a table, or JSON. The
table is that of invoices, five months of them, imported in the order of creation by two accounts.
Merges are of 1,000 changes: of the last month, as renewals are, or of any.
"""

import os
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

import duckdb
import pyarrow as pa
from pyiceberg.table import Table
from pyiceberg.transforms import BucketTransform, IdentityTransform, MonthTransform, Transform

from benchmarks.build import transform as on_duckdb
from benchmarks.showing import Rows, arguments
from ingestion.engines.iceberg.engine import SCHEMAS
from ingestion.engines.iceberg.rest_lake import RestLake
from orchestration.warehouse.landed_copy import bring
from orchestration.warehouse.url import parts
from tests.lakehouse.server import lakehouse

NAME = ("stripe", "invoices")
ACCOUNTS = ("acct_1", "acct_2")
CHUNK, MERGES = 25_000, 5
SPECS: dict[str, list[tuple[str, Transform]]] = {
    "none": [],
    "account": [("stripe_account_id", IdentityTransform())],
    "account, month of creation": [
        ("stripe_account_id", IdentityTransform()),
        ("created", MonthTransform()),
    ],
    "bucket of account (16), month": [
        ("stripe_account_id", BucketTransform(16)),
        ("created", MonthTransform()),
    ],
}
COLUMNS = (
    *("partitions", "files", "merge of the last month, s", "MB written", "merge of any, s"),
    *("MB written", "full copy, s"),
)
OF_ANY = "true"
OF_THE_LAST = "created >= timestamp '2025-05-01'"


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--customers", type=int, default=20_000)
    options = parser.parse_args()
    shown, taken = Rows(*COLUMNS), {}
    for name in SPECS:
        taken[name] = found = measure(name, options.customers)
        shown.add([name, *found])
    return shown.end(taken, as_json=options.json)


def measure(spec: str, customers: int) -> list[str]:
    """The cells of one row."""
    with tempfile.TemporaryDirectory() as name, lakehouse(Path(name) / "lakehouse") as house:
        os.environ |= house.environment
        rows = Path(name) / "rows.duckdb"
        on_duckdb.land(rows, customers)
        lake = RestLake(**parts(house.url()), credential=house.credential)
        table = make(lake, spec)
        with duckdb.connect(str(rows), read_only=True) as database:
            for account in ACCOUNTS:
                fill(lake, database, account)
            files = len(list(table.refresh().scan().plan_files()))
            merged = [merges(lake, database, which) for which in (OF_THE_LAST, OF_ANY)]
        cells = [f"{figure:.1f}" for pair in merged for figure in pair]
        return [str(files), *cells, f"{copied(lake, Path(name)):.1f}"]


def make(lake: RestLake, spec: str) -> Table:
    lake.catalog.create_namespace("stripe")
    table = lake.catalog.create_table(NAME, SCHEMAS["invoices"])
    if SPECS[spec]:
        with table.update_spec() as update:
            for column, transform in SPECS[spec]:
                update.add_field(column, transform)
    return table


def fill(lake: RestLake, database: duckdb.DuckDBPyConnection, account: str) -> None:
    named = f"select * replace ('{account}' as stripe_account_id) from stripe.invoices"
    found = database.sql(f"{named} order by created, id").to_arrow_reader(CHUNK)
    with lake.whole_load(account), lake.loading(account):
        for batch in found:
            lake.merge_few({"invoices": pa.Table.from_batches([batch])})


def merges(lake: RestLake, database: duckdb.DuckDBPyConnection, which: str) -> tuple[float, float]:
    """Seconds and MB of a merge, the median of some."""
    seconds, written = list[float](), list[int]()
    for seed in range(MERGES):
        later = datetime.now(UTC).replace(tzinfo=None) + timedelta(days=1)
        changed = database.execute(
            f"select * replace ($later::timestamp as read_at, $later::timestamp as loaded_at)"
            f" from (from stripe.invoices where {which})"
            f" using sample reservoir(1000 rows) repeatable ({seed})",
            {"later": later},
        ).to_arrow_table()
        with lake.whole_load(ACCOUNTS[0]), lake.loading(ACCOUNTS[0]):
            began = time.monotonic()
            lake.merge_few({"invoices": changed})
            seconds.append(time.monotonic() - began)
        summary = lake.catalog.load_table(NAME).current_snapshot().summary
        written.append(int(summary["added-files-size"]))
    return median(seconds), median(written) / 1e6


def copied(lake: RestLake, folder: Path) -> float:
    began = time.monotonic()
    with duckdb.connect(str(folder / "copy.duckdb")) as database:
        bring(lake, database, at=datetime.now(UTC))
    return time.monotonic() - began


if __name__ == "__main__":
    sys.exit(main())
