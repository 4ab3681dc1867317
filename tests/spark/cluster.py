"""Spark with Iceberg on loopback, as long as it is needed.

Enters: a folder. Leaves: the WAREHOUSE_URL of PostgreSQL, a master, two workers and a thrift server
that run as processes of their own. `make setup-spark` has installed what is started.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen

from pyiceberg.catalog.sql import SqlCatalog

from tests.spark import postgres
from tests.spark.processes import LOOPBACK, Processes
from tests.spark.servers import Servers


@dataclass(frozen=True)
class Cluster:
    """Where it is; `workers` are there to be killed by who tests that."""

    thrift_port: int
    catalog_url: str
    folder: Path
    workers: tuple["Popen[bytes]", ...]

    @property
    def warehouse_url(self) -> str:
        where = f"catalog={self.catalog_url}&warehouse={self.folder}/lake"
        return f"spark://{LOOPBACK}:{self.thrift_port}?{where}"


@contextmanager
def cluster(folder: Path) -> Iterator[Cluster]:
    """Ready for queries. Raises NotStarted, with the log that says why."""
    folder = folder.resolve()
    for name in ("logs", "conf", "lake"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    processes = Processes(folder / "logs")
    with tempfile.TemporaryDirectory(prefix="pg-") as data:
        try:
            database = f"{LOOPBACK}:{postgres.start(processes, Path(data))}/postgres"
            _make_default_namespace(database, folder)
            port, workers = Servers(processes, folder).start(database)
            yield Cluster(port, f"postgresql://postgres@{database}", folder, workers)
        finally:
            processes.end()


def _make_default_namespace(database: str, folder: Path) -> None:
    """PyHive says `use default` when it connects."""
    catalog = SqlCatalog(
        "lake", uri=f"postgresql+psycopg://postgres@{database}", warehouse=f"file://{folder}/lake"
    )
    catalog.create_namespace_if_not_exists("default")
    catalog.engine.dispose()
