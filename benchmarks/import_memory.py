"""How much memory the initial import takes, and that it does not grow with the account.

Enters: --customers, of the larger account; the smaller one has half of them. Leaves: a table on the
terminal; exit code 1 where the peak is over a GiB, or more than 15 % over that of the half. Each
import is a process of its own, in one run; the sandbox is another one, and does not count.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.initial_import import VERSION, sandbox

IMPORT = """
import resource, sys
from pathlib import Path
from ingestion.client import Connection
from ingestion.load import Paths, load
here = Path(sys.argv[2])
paths = Paths(here / "w.duckdb", here / "events.db", here / "raw", here / "dlt")
result = load(Connection("sk_test_sandbox", sys.argv[1], sys.argv[3]), paths)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
print(peak, result.objects["customers"], result.objects["invoices"])
"""
GIB = 1024


def measured(customers: int, seed: int) -> tuple[int, int, int]:
    """Peak RSS in MiB, customers and invoices that were read."""
    with sandbox(customers, seed) as url, tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-c", IMPORT, url, str(Path(folder)), VERSION],
            capture_output=True,
            text=True,
            check=True,
        )
    peak, read, invoices = (int(part) for part in done.stdout.split())
    return peak, read, invoices


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    half = measured(options.customers // 2, options.seed)
    whole = measured(options.customers, options.seed)
    table = Table("customers", "invoices", "peak MiB")
    for peak, customers, invoices in (half, whole):
        table.add_row(f"{customers:,}", f"{invoices:,}", f"{peak:,}")
    Console().print(table)
    bounded = whole[0] < GIB and whole[0] <= 1.15 * half[0]
    print(f"{whole[0] / half[0]:.2f} times the half; {'bounded' if bounded else 'NOT bounded'}")
    return 0 if bounded else 1


if __name__ == "__main__":
    sys.exit(main())
