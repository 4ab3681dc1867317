"""What a large sandbox costs: filling its file, the file, memory, and a page of each list.

Enters: --customers, --seed, --data (a file to fill and keep; default: a temporary one). Leaves: two
tables on the terminal. The sandbox is a process of its own, started twice: it fills, then it
serves the kept file. Pages hold 100 objects; `made` is the answer in this process, without HTTP;
an empty page over HTTP stands beside them, so that ratios can be told from a slow machine, and
the least time says what a page takes when nothing interrupts it.
"""

import argparse
import http.client
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import orjson
from rich.console import Console
from rich.table import Table

from sandbox.http import api
from sandbox.http.listing import Parameters
from sandbox.kinds import KINDS
from sandbox.storage.store import Store

PROGRAM = str(Path(sys.executable).with_name("stripe-traits"))
HEADERS = {"Authorization": "Bearer sk_test_sandbox"}
LISTS = {"customer": "", "subscription": "&status=all", "invoice": "", "event": ""}
EMPTY = "/v1/customers?limit=100&email=nobody"
PAGES = 100  # of each list and place


@dataclass
class Server:
    url: str
    seconds: float  # until it served
    processor: float = 0.0  # seconds of it, of all processes and until the end
    peak: int = 0  # bytes of memory, of it and the processes it starts


@contextmanager
def sandbox(options: argparse.Namespace, file: Path) -> Iterator[Server]:
    command = [PROGRAM, "sandbox", "--port", "0", "--customers", str(options.customers)]
    command += ["--seed", str(options.seed), "--now", "2025-06-15", "--data", str(file)]
    began, used = time.monotonic(), processor()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    server, over = Server("", 0.0), threading.Event()
    watching = threading.Thread(target=watch, args=(process.pid, server, over))
    watching.start()
    try:
        server.url = next(line.split()[-1] for line in process.stdout or () if "ready" in line)
        server.seconds = time.monotonic() - began
        yield server
    finally:
        over.set()
        watching.join()
        process.terminate()
        process.wait()
        server.processor = processor() - used


def processor() -> float:
    """Seconds that ended children have used."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def watch(pid: int, server: Server, over: threading.Event) -> None:
    """The most memory that the process and its children hold together, looked at twice a second."""
    while True:
        listed = subprocess.check_output(["ps", "-e", "-o", "pid=,ppid=,rss="], text=True)
        known = [tuple(map(int, line.split())) for line in listed.splitlines()]
        server.peak = max(server.peak, 1024 * sum(rss for *ids, rss in known if pid in ids))
        if over.wait(0.5):
            return


def places(store: Store, kind: str) -> dict[str, str]:
    """Where reading begins: the newest page, the middle, and backwards from the oldest object."""
    table = KINDS[kind].table
    oldest, middle = (
        store.db()
        .execute(f"SELECT id FROM {table} ORDER BY created, id LIMIT 1 OFFSET {number}")
        .fetchone()[0]
        for number in (0, store.count(kind) // 2)
    )
    return {"first": "", "middle": f"&starting_after={middle}", "last": f"&ending_before={oldest}"}


def timed(get: Callable[[str], bytes], url: str, start: str) -> list[float]:
    """Milliseconds of consecutive pages from a place on."""
    times, cursor = [], start
    for _ in range(PAGES):
        began = time.perf_counter()
        body = get(url + cursor)
        times.append((time.perf_counter() - began) * 1000)
        cursor = following(body, "ending_before" if "ending" in start else "starting_after") or ""
    return times


def following(body: bytes, way: str) -> str | None:

    data = orjson.loads(body)["data"]
    return f"&{way}={data[0 if way == 'ending_before' else -1]['id']}" if data else None


def over_http(server: Server) -> Callable[[str], bytes]:
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc)

    def get(url: str) -> bytes:
        connection.request("GET", url, headers=HEADERS)
        answer = connection.getresponse()
        body = answer.read()
        assert answer.status == 200, body
        return body

    return get


def in_process(store: Store) -> Callable[[str], bytes]:
    answers = dict(api.routes())

    def get(url: str) -> bytes:
        parts = urlsplit(url)
        return answers[parts.path](store, "", Parameters.read(parse_qsl(parts.query)))

    return get


def spread(times: list[float]) -> tuple[str, str, str]:
    """The least, the median, the 95th of a hundred."""
    cuts = statistics.quantiles(times, n=20)
    return f"{min(times):.2f}", f"{statistics.median(times):.2f}", f"{cuts[-1]:.2f}"


def pages(server: Server, store: Store) -> Table:
    figures = ("made: least", "p50", "p95", "HTTP: least", "p50", "p95 (ms)")
    table = Table("list", "page", *figures)
    table.add_row("(empty)", "", "", "", "", *spread(timed(over_http(server), EMPTY, "")))
    for kind, more in LISTS.items():
        url = f"/v1/{KINDS[kind].table}?limit=100{more}"
        for place, start in places(store, kind).items():
            ways = (in_process(store), over_http(server))
            cells = [cell for get in ways for cell in spread(timed(get, url, start))]
            table.add_row(KINDS[kind].table, place, *cells)
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--data", type=Path)
    options = parser.parse_args()
    sizes = Table("what", "figure")
    with tempfile.TemporaryDirectory() as folder:
        file = options.data or Path(folder) / "sandbox.db"
        with sandbox(options, file) as filler:
            sizes.add_row("filled, seconds", f"{filler.seconds:.1f}")
        sizes.add_row("filled, seconds of processors", f"{filler.processor:.1f}")
        with sandbox(options, file) as server, Store(file) as store:
            sizes.add_row("started again, seconds", f"{server.seconds:.1f}")
            sizes.add_row("file, GB", f"{file.stat().st_size / 1e9:.2f}")
            for kind in LISTS:
                sizes.add_row(KINDS[kind].table, f"{store.count(kind):,}")
            measured = pages(server, store)
        sizes.add_row("peak memory filling, MB", f"{filler.peak / 1e6:.0f}")
        sizes.add_row("peak memory serving, MB", f"{server.peak / 1e6:.0f}")
    console = Console()
    console.print(sizes, measured)


if __name__ == "__main__":
    main()
