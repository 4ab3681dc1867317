"""How many signed deliveries a second the webhook receiver takes, beside a server that only echoes.

Enters: --rate, --seconds, --connections. Leaves: a table, or JSON: latencies in milliseconds, from
the moment at which a delivery was due (a late start counts), and how many answered events are in
the inbox. Both servers are processes of their own and get the same bytes, one after the other: a
slow machine slows both. Exit 1 where an event was lost or refused.
"""

import argparse
import asyncio
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import httpx
from rich.console import Console
from rich.table import Table
from stripe import WebhookSignature

PROGRAM = str(Path(sys.executable).with_name("stripe-traits"))
SECRET = "whsec_benchmark"
MOST_SECONDS = 20  # for an answer: later is as good as never
FILLING = "x" * 3000  # a customer's event has some 3 KB


@dataclass(frozen=True)
class Measured:
    """Seconds of each answer, sorted, and the statuses."""

    seconds: list[float]
    statuses: Counter[int]

    def milliseconds(self, share: float) -> float:
        return round(1000 * self.seconds[int(share * (len(self.seconds) - 1))], 1)


class Delivering(asyncio.Protocol):
    """One keep-alive connection: a request at a time, answered with a status."""

    def __init__(self) -> None:
        self._held = b""
        self._answer: asyncio.Future[int]
        self._transport: asyncio.WriteTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def connection_lost(self, _: Exception | None) -> None:
        if hasattr(self, "_answer") and not self._answer.done():
            self._answer.set_result(0)

    def data_received(self, data: bytes) -> None:
        self._held += data
        head, found, body = self._held.partition(b"\r\n\r\n")
        length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
        if found and len(body) >= int(length) and not self._answer.done():
            self._held = b""
            self._answer.set_result(int(head.split(b" ", 2)[1]))

    async def deliver(self, request: bytes) -> int:
        if self._transport.is_closing():
            return 0
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        try:
            return await asyncio.wait_for(self._answer, MOST_SECONDS)
        except TimeoutError:
            self._transport.abort()
            return 0


def requests(count: int, path: str) -> list[bytes]:
    """Whole requests, signed beforehand: making them costs the receiver's processor otherwise."""
    made = []
    for number in range(count):
        customer = {"id": f"cus_{number}", "object": "customer", "description": FILLING}
        event = {
            "id": f"evt_{number}",
            "object": "event",
            "type": "customer.updated",
            "created": int(time.time()),
            "livemode": False,
            "data": {"object": customer},
        }
        body = json.dumps(event)
        signature = WebhookSignature.generate_signature_header(body, SECRET)
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n"
        made.append(f"{head}Stripe-Signature: {signature}\r\n\r\n{body}".encode())
    return made


async def measure(url: str, made: list[bytes], *, rate: float, connections: int) -> Measured:
    """Send each request when it is due, whether or not the ones before it are answered."""
    loop = asyncio.get_running_loop()
    parts = urlsplit(url)
    free: asyncio.Queue[Delivering] = asyncio.Queue()
    for _ in range(connections):
        _, made_connection = await loop.create_connection(Delivering, parts.hostname, parts.port)
        free.put_nowait(made_connection)
    seconds: list[float] = []
    statuses: Counter[int] = Counter()

    async def one(request: bytes, due: float) -> None:
        connection = await free.get()
        statuses[await connection.deliver(request)] += 1
        seconds.append(loop.time() - due)
        free.put_nowait(connection)

    began = loop.time()
    async with asyncio.TaskGroup() as group:
        for number, request in enumerate(made):
            due = began + number / rate
            if due > loop.time():
                await asyncio.sleep(due - loop.time())
            group.create_task(one(request, due))
    return Measured(sorted(seconds), statuses)


@contextmanager
def process(command: list[str], folder: Path) -> Iterator[str]:
    """A server of its own; its address once it listens. SIGTERM ends it, and has to succeed."""
    environment = {
        **os.environ,
        "DATA_DIR": str(folder),
        "STRIPE_WEBHOOK_SECRETS": SECRET,
        "STRIPE_API_BASE": "http://127.0.0.1:9",  # nobody is there: nothing is asked of Stripe
    }
    started = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        url = next(line.split()[-1] for line in started.stdout or () if "receiving" in line)
        httpx.get(urljoin(url, "/health"), timeout=60, trust_env=False)  # it has begun
        yield url
    finally:
        started.terminate()
        started.communicate()


def logged(folder: Path) -> int:
    with closing(sqlite3.connect(folder / "events.db")) as database:
        (count,) = database.execute("select count(*) from events").fetchone()
    return int(count)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=500)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--echo-seconds", type=float, default=10)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    results = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for what, seconds, command in (
            ("echo", options.echo_seconds, [sys.executable, "-m", "benchmarks.echo"]),
            ("receiver", options.seconds, [PROGRAM, "webhooks", "--port", "0"]),
        ):
            with process(command, folder) as url:
                made = requests(int(options.rate * seconds), urlsplit(url).path)
                measuring = measure(url, made, rate=options.rate, connections=options.connections)
                results[what] = asyncio.run(measuring)
        kept = logged(folder)
    report(results, kept, as_json=options.json)
    sys.exit(0 if results["receiver"].statuses == {200: kept} else 1)


def report(results: dict[str, Measured], kept: int, *, as_json: bool) -> None:
    rows = {
        what: {
            "deliveries": len(measured.seconds),
            "answered_2xx": measured.statuses[200],
            "p50": measured.milliseconds(0.5),
            "p99": measured.milliseconds(0.99),
            "slowest": measured.milliseconds(1),
        }
        for what, measured in results.items()
    }
    if as_json:
        print(json.dumps({**rows, "logged": kept}))
        return
    table = Table("server", *rows["receiver"], title="latencies in milliseconds")
    for what, row in rows.items():
        table.add_row(what, *(f"{value:,}" for value in row.values()))
    console = Console()
    console.print(table)
    console.print(f"{kept:,} events in the inbox")


if __name__ == "__main__":
    main()
