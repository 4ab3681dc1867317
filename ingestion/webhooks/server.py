"""The receiver as a process: uvicorn on one address until it is told to stop.

Enters: where to listen, the standing rules, the inbox's file, the figures. Leaves: nothing once
stopped: what was answered with 2xx is on disk, what was not is delivered again. One process is
enough: it waits for the disk, not for Python.
"""

import asyncio
import signal
import socket
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import uvicorn
from starlette.applications import Starlette

from ingestion.webhooks.app import Receiver, app
from ingestion.webhooks.connections import bounded
from ingestion.webhooks.delivery_log import DeliveryLog
from ingestion.webhooks.metrics import Metrics
from ingestion.webhooks.rules import Standing

GRACE_SECONDS = 10  # for deliveries under way when it is told to stop
MOST_AT_ONCE = 2000  # connections; the next one hears 503, and comes again
SUMMARY_SECONDS = 60.0

Say = Callable[[str], None]
Greet = Callable[[], Awaitable[None]]


class NoAddress(Exception):
    """The host or port cannot be listened on."""


def listener(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. Raises NoAddress."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        said = str(error.strerror or error).partition(" (")[0]  # Python repeats the address
        raise NoAddress(
            f"cannot listen on {host} port {port}: {said}; choose another --port"
        ) from None


def serve(  # noqa: PLR0913  the parts of a process
    listening: socket.socket,
    standing: Standing,
    inbox: Path,
    *,
    metrics: Metrics,
    say: Say,
    greet: Greet,
    ready: str,
) -> None:
    """Receive until SIGTERM or Ctrl-C; `ready` is said as soon as deliveries can be kept, `greet`
    runs beside it once."""
    before = {
        number: signal.signal(number, lambda *_: None) for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        with DeliveryLog(inbox) as log:
            say(ready)
            receiver = Receiver(standing, log)
            config = _config(app(receiver, metrics))
            with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
                runner.run(_serve(uvicorn.Server(config), listening, receiver, say, greet))
            say(f"stopped; since the start: {told(receiver.counts)}")
    finally:
        listening.close()
        for number, handler in before.items():
            signal.signal(number, handler)


def _config(application: Starlette) -> uvicorn.Config:
    return uvicorn.Config(
        application,
        http=bounded(),
        lifespan="off",
        log_level="warning",
        access_log=False,
        server_header=False,
        limit_concurrency=MOST_AT_ONCE,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


async def _serve(
    server: uvicorn.Server, listening: socket.socket, receiver: Receiver, say: Say, greet: Greet
) -> None:
    beside = [
        asyncio.ensure_future(greet()),
        asyncio.ensure_future(_summaries(receiver, say)),
    ]
    await server.serve(sockets=[listening])
    for task in beside:
        task.cancel()


async def _summaries(receiver: Receiver, say: Say) -> None:
    """What came in the last minute, if anything did: counts, and so nobody's data."""
    told_before = receiver.counts.copy()
    while True:
        await asyncio.sleep(SUMMARY_SECONDS)
        news = receiver.counts - told_before
        told_before = receiver.counts.copy()
        if news:
            say(told(news))


def told(counts: Mapping[str, int]) -> str:
    """Counts as one line."""
    parts = (f"{count:,} {name.replace('_', ' ')}" for name, count in sorted(counts.items()))
    return ", ".join(parts) or "no delivery"
