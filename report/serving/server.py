"""The report as a process: uvicorn on one address until it is told to stop.

Enters: where to listen, the application. Leaves: nothing once stopped.
"""

import signal
import socket
from collections.abc import Callable

import uvicorn
from starlette.types import ASGIApp

MOST_AT_ONCE = 200  # connections; the next one hears 503
GRACE_SECONDS = 2


class NoAddress(Exception):
    """The host or port cannot be listened on."""


def listener(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. Raises NoAddress."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=256)
    except OSError as error:
        said = str(error.strerror or error).partition(" (")[0]  # Python repeats the address
        raise NoAddress(
            f"cannot listen on {host} port {port}: {said}; choose another --port"
        ) from None


def serve(listening: socket.socket, application: ASGIApp, *, say: Callable[[str], None]) -> None:
    """Until SIGTERM or Ctrl-C, which uvicorn heeds and then hands on: here it ends there."""
    before = {
        number: signal.signal(number, lambda *_: None) for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        server(application).run(sockets=[listening])
        say("stopped")
    finally:
        listening.close()
        for number, handler in before.items():
            signal.signal(number, handler)


def server(application: ASGIApp) -> uvicorn.Server:
    """It trusts a proxy on this machine alone to say how it was asked (X-Forwarded-Proto)."""
    return uvicorn.Server(
        uvicorn.Config(
            application,
            lifespan="off",
            log_level="warning",
            access_log=False,
            server_header=False,
            limit_concurrency=MOST_AT_ONCE,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
    )
