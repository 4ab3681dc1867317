"""Spark's own processes: a master, workers, a thrift server, with Iceberg's catalog in PostgreSQL.

Enters: the cluster's processes, a folder, where the catalog is. Leaves: the thrift server's port.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen

from tests.spark.processes import LOOPBACK, NotStarted, Processes, free_port

ROOT = Path(__file__).parents[2] / ".spark"
WORKERS = 2
DEPLOY = "org.apache.spark.deploy"
THRIFT = "org.apache.spark.sql.hive.thriftserver.HiveThriftServer2"


@dataclass(frozen=True)
class Servers:
    """Starts them one after the other; each waits until the one before is there."""

    processes: Processes
    folder: Path

    def start(self, database: str) -> tuple[int, tuple["Popen[bytes]", ...]]:
        """The thrift server's port and the workers; `database`: HOST:PORT/NAME of the catalog."""
        configure(self.folder, database)
        master = f"spark://{LOOPBACK}:{free_port()}"
        self._run("master", "spark-class", f"{DEPLOY}.master.Master", *_at(master))
        self.processes.wait_for("master", "elected leader")
        workers = tuple(self._worker(number, master) for number in range(1, WORKERS + 1))
        self.processes.wait_for("master", "Registering worker", times=WORKERS)
        return self._thrift(master), workers

    def _worker(self, number: int, master: str) -> "Popen[bytes]":
        size = ["-c", "1", "-m", "1500m"]
        there = _at(f"spark://{LOOPBACK}:0")
        name = f"worker_{number}"
        return self._run(name, "spark-class", f"{DEPLOY}.worker.Worker", *size, *there, master)

    def _thrift(self, master: str) -> int:
        port = free_port()
        where = {"port": port, "bind.host": LOOPBACK}
        hive = [
            word
            for n, v in where.items()
            for word in ("--hiveconf", f"hive.server2.thrift.{n}={v}")
        ]
        self._run(
            "thrift", "spark-submit", "--master", master, "--class", THRIFT, "spark-internal", *hive
        )
        self.processes.wait_for_port("thrift", port)
        return port

    def _run(self, name: str, program: str, *words: str) -> "Popen[bytes]":
        home = spark_home()
        environment = {
            **os.environ,
            "SPARK_HOME": str(home),
            "SPARK_CONF_DIR": str(self.folder / "conf"),
            "SPARK_LOCAL_IP": LOOPBACK,
            "SPARK_LOCAL_DIRS": str(self.folder / "spill"),
            "SPARK_WORKER_DIR": str(self.folder / "work"),
        }
        command = [str(home / "bin" / program), *words]
        return self.processes.start(name, command, cwd=self.folder, env=environment)


def _at(url: str) -> list[str]:
    return ["--host", LOOPBACK, "--webui-port", "0", "--port", url.rpartition(":")[2]]


def spark_home() -> Path:
    """Where `make setup-spark` has put Spark. Raises NotStarted."""
    found = next(ROOT.glob("venv/lib/python*/site-packages/pyspark"), None)
    if found is None:
        raise NotStarted("Spark is not installed: make setup-spark")
    return found


def configure(folder: Path, database: str) -> None:
    """spark-defaults.conf and log4j2.properties, in `conf` below the folder."""
    jars = ":".join(str(jar) for jar in sorted((ROOT / "jars").glob("*.jar")))
    lake = "spark.sql.catalog.lake"
    settings = {
        "spark.driver.extraClassPath": jars,
        "spark.executor.extraClassPath": jars,
        "spark.driver.extraJavaOptions": f"-Duser.timezone=UTC -Dderby.system.home={folder}/derby",
        "spark.executor.extraJavaOptions": "-Duser.timezone=UTC",
        "spark.driver.memory": "1500m",
        "spark.executor.memory": "1g",
        "spark.driver.host": LOOPBACK,
        "spark.driver.bindAddress": LOOPBACK,
        "spark.ui.enabled": "false",
        "spark.sql.extensions": (
            "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions"
        ),
        lake: "org.apache.iceberg.spark.SparkCatalog",
        f"{lake}.type": "jdbc",
        f"{lake}.uri": f"jdbc:postgresql://{database}",
        f"{lake}.jdbc.user": "postgres",
        f"{lake}.jdbc.schema-version": "V1",
        f"{lake}.clients": "1",
        f"{lake}.warehouse": f"file://{folder}/lake",
        "spark.sql.defaultCatalog": "lake",
        "spark.sql.warehouse.dir": f"{folder}/hive",
        "spark.sql.session.timeZone": "UTC",
        **SMALL,
    }
    lines = [f"{name} {value}\n" for name, value in settings.items()]
    (folder / "conf" / "spark-defaults.conf").write_text("".join(lines))
    (folder / "conf" / "log4j2.properties").write_text(LOG)


# Of some thousand rows a query is planned and compiled for longer than it runs.
SMALL = {
    "spark.sql.shuffle.partitions": "2",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
}
LOG = """\
rootLogger.level = warn
rootLogger.appenderRef.console.ref = console
appender.console.type = Console
appender.console.name = console
appender.console.target = SYSTEM_ERR
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d %p %c{1}: %m%n%ex{8}
logger.master.name = org.apache.spark.deploy.master
logger.master.level = info
"""
