"""How long the initial import takes, beside a bare loop that fetches the same lists.

Enters: --customers and --seed. Leaves: a table on the terminal. The sandbox is a process of its
own; both readers run against it, one after the other, in one run: a slow machine slows both.
"""

import argparse
import asyncio
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.table import Table

from ingestion.client import Client, Connection
from ingestion.load import Paths, load
from ingestion.reader import ListReader, Page
from ingestion.streams import LISTED

PROGRAM = str(Path(sys.executable).with_name("stripe-traits"))
VERSION = "2026-10-28.endive"


@contextmanager
def sandbox(customers: int, seed: int) -> Iterator[str]:
    command = [PROGRAM, "sandbox", "--port", "0", "--customers", str(customers), "--now"]
    process = subprocess.Popen(
        [*command, "2025-06-15", "--seed", str(seed)], stdout=subprocess.PIPE, text=True
    )
    try:
        yield next(line.split()[-1] for line in process.stdout or () if "ready" in line)
    finally:
        process.terminate()
        process.wait()


def floor(connection: Connection) -> int:
    """The same pages, fetched and thrown away."""
    objects = 0

    async def count(page: Page) -> None:
        nonlocal objects
        objects += len(page.objects)

    async def read() -> None:
        async with Client(connection) as client, asyncio.TaskGroup() as group:
            for stream in LISTED:
                group.create_task(ListReader(client, stream, count).read())

    asyncio.run(read())
    return objects


def imported(connection: Connection, folder: Path) -> dict[str, int]:
    paths = Paths(folder / "w.duckdb", folder / "events.db", folder / "raw", folder / "dlt")
    return load(connection, paths).objects


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    table = Table("what", "objects", "seconds", "objects/s")
    with (
        sandbox(options.customers, options.seed) as url,
        tempfile.TemporaryDirectory() as folder,
    ):
        connection = Connection(api_key="sk_test_sandbox", api_base=url, api_version=VERSION)
        began = time.monotonic()
        objects = floor(connection)
        bare = time.monotonic() - began
        began = time.monotonic()
        counts = imported(connection, Path(folder))
        whole = time.monotonic() - began
    for what, count, seconds in (
        ("fetched and thrown away", objects, bare),
        ("imported, tables merged", sum(counts.values()), whole),
    ):
        table.add_row(what, f"{count:,}", f"{seconds:.1f}", f"{count / seconds:,.0f}")
    console = Console()
    console.print(", ".join(f"{count:,} {name}" for name, count in sorted(counts.items())))
    console.print(table)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    console.print(f"{whole / bare:.1f} times the bare loop; peak memory {peak:,.0f} MiB")


if __name__ == "__main__":
    main()
