"""SeaweedFS on this machine: an S3 server, and an Iceberg REST catalog with tables in its bucket.

Enters: a folder. Leaves: a running server and the addresses of its two sides; it is ended, stopped
and begun again by its pid. `make setup-lakehouse` has installed what is started. It is told to send
nobody its statistics.
"""

import os
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from tests.spark.processes import LOOPBACK, NotStarted, Processes, free_port

WEED = Path(__file__).parents[2] / ".lakehouse" / "bin" / "weed"
BUCKET = "lake"
MADE = f"s3tables.bucket -create -name {BUCKET} -account 000000000000"
USER = "loaders"
KEY = f"s3.configure -user {USER} -access_key {{key}} -secret_key {{secret}} -actions Admin -apply"
# Each listens on its port, and for its own kind 10,000 above.
ABOVE = 10_000
MOST = 65_535 - ABOVE
PATIENCE_SECONDS = 60
ATTEMPTS = 3


@dataclass(frozen=True)
class Lakehouse:
    """Where it is, and what opens it."""

    address: str
    s3_port: int
    catalog_port: int
    key: str
    secret: str
    master: str
    server: "subprocess.Popen[bytes]"

    def url(self, s3_port: int | None = None, catalog_port: int | None = None) -> str:
        """The WAREHOUSE_URL, by other ports where somebody stands between."""
        s3, catalog = s3_port or self.s3_port, catalog_port or self.catalog_port
        return (
            f"iceberg+http://{self.address}:{catalog}?warehouse=s3://{BUCKET}"
            f"&s3.endpoint=http://{self.address}:{s3}&s3.region=us-east-1"
        )

    @property
    def credential(self) -> str:
        return f"{self.key}:{self.secret}"

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs besides WAREHOUSE_URL."""
        return {
            "ICEBERG_CREDENTIAL": self.credential,
            "AWS_ACCESS_KEY_ID": self.key,
            "AWS_SECRET_ACCESS_KEY": self.secret,
        }

    def with_new_key(self, key: str, secret: str) -> "Lakehouse":
        """The same by another key; the one before is no longer valid."""
        _shell(self.master, KEY.format(key=key, secret=secret))
        _shell(self.master, f"s3.configure -user {USER} -access_key {self.key} -delete -apply")
        return replace(self, key=key, secret=secret)

    @contextmanager
    def away(self) -> Iterator[None]:
        """Nobody answers, and no connection is refused either."""
        self.server.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.server.send_signal(signal.SIGCONT)


@contextmanager
def lakehouse(folder: Path, address: str = LOOPBACK) -> Iterator[Lakehouse]:
    """With an empty bucket of tables, and a key. Raises NotStarted."""
    if not WEED.exists():
        raise NotStarted("SeaweedFS is not installed: make setup-lakehouse")
    for attempt in range(ATTEMPTS):
        processes = Processes(folder)
        try:
            house = _started(processes, folder / f"data{attempt}", address)
            break
        except NotStarted:  # somebody has taken one of its ports meanwhile
            processes.end()
            if attempt == ATTEMPTS - 1:
                raise
    try:
        yield house
    finally:
        with suppress(OSError):
            house.server.send_signal(signal.SIGCONT)
        processes.end()


def _started(processes: Processes, data: Path, address: str) -> Lakehouse:
    """Raises NotStarted."""
    ports = dict(zip(("master", "volume", "filer", "s3", "admin"), _free_ports(5), strict=True))
    catalog, lance = _free_ports(2)
    command = [str(WEED), "mini", "-dir=.", f"-ip={address}", f"-ip.bind={address}"]
    command += [f"-{name}.port={port}" for name, port in ports.items()]
    command += [f"-s3.port.iceberg={catalog}", f"-s3.port.lance={lance}"]
    command += ["-master.telemetry=false", "-webdav=false", "-admin.ui=false"]
    known = {**os.environ, "AWS_ACCESS_KEY_ID": "admin", "AWS_SECRET_ACCESS_KEY": "admin_word"}
    data.mkdir(parents=True)
    server = processes.start("weed", command, cwd=data, env=known)
    for port in (ports["master"], ports["s3"], catalog):
        processes.wait_for_port("weed", port, address)
    master = f"{address}:{ports['master']}"
    _make_bucket(master, f"http://{address}:{catalog}")
    key, secret = "first_key", "hidden_word"
    _shell(master, KEY.format(key=key, secret=secret))
    return Lakehouse(address, ports["s3"], catalog, key, secret, master, server)


def _free_ports(count: int) -> list[int]:
    found: set[int] = set()
    while len(found) < count:
        if (port := free_port()) < MOST and _is_free(port + ABOVE) and port - ABOVE not in found:
            found.add(port)
    return sorted(found)


def _is_free(port: int) -> bool:
    with suppress(OSError), socket.create_server((LOOPBACK, port)):
        return True
    return False


def _make_bucket(master: str, catalog: str) -> None:
    """Asked for again until the catalog shows it."""
    until = time.monotonic() + PATIENCE_SECONDS
    said = ""
    while time.monotonic() < until:
        said = _shell(master, MADE)
        if "arn:" in said and _answers(catalog):
            return
        time.sleep(0.5)
    raise NotStarted(f"the bucket was not made: {said}")


def _shell(master: str, line: str) -> str:
    """What the server's own command line answers."""
    with tempfile.TemporaryDirectory() as folder:
        said = subprocess.run(
            [str(WEED), "shell", f"-master={master}"],
            input=f"{line}\n",
            text=True,
            capture_output=True,
            timeout=PATIENCE_SECONDS,
            cwd=folder,
            check=False,
        )
    return said.stdout + said.stderr


def _answers(catalog: str) -> bool:
    with suppress(OSError):
        asked = f"{catalog}/v1/config?warehouse=s3://{BUCKET}"
        with urllib.request.urlopen(asked, timeout=5) as answer:
            return bool(answer.status == 200)
    return False
