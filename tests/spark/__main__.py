"""`python -m tests.spark FOLDER`: a cluster on this machine until Ctrl-C, and its WAREHOUSE_URL."""

import signal
import sys
from pathlib import Path

from tests.spark.cluster import cluster
from tests.spark.processes import NotStarted


def main() -> None:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "data/spark")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with cluster(folder) as found:
            print(f"WAREHOUSE_URL='{found.warehouse_url}'", flush=True)  # noqa: T201
            signal.pause()
    except KeyboardInterrupt:
        pass
    except NotStarted as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
