"""One import, or one floor of it, in a process of its own: what it took, as JSON.

Enters: which, an address, a key, requests a second (0: any), a folder. Leaves: seconds from start
to the last table merged, seconds of processor, peak RSS in MiB, objects.
"""

import json
import resource
import sys
import time
from pathlib import Path

from benchmarks.load.floor import VERSION, fetched
from ingestion.load import Paths, load
from ingestion.stripe_api.connection import Connection


def imported(url: str, key: str, per_second: float | None, folder: Path) -> int:
    """As `stripe-traits sync` does: listed, merged, logged, what events told meanwhile read."""
    paths = Paths(folder / "w.duckdb", folder / "events.db", folder / "raw", folder / "dlt")
    connection = Connection(
        key, url, VERSION, requests_per_second=per_second, limits=folder / "limits"
    )
    return sum(load(connection, paths).objects.values())


def main() -> None:
    what, url, key, rate, folder = sys.argv[1:]
    per_second = float(rate) or None
    began, used = time.monotonic(), time.process_time()
    if what == "floor":
        objects = fetched(url, key, per_second)
    else:
        objects = imported(url, key, per_second, Path(folder))
    took = {
        "objects": objects,
        "seconds": time.monotonic() - began,
        "processor": time.process_time() - used,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    print(json.dumps(took))


if __name__ == "__main__":
    main()
