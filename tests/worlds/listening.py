"""A real HTTP server that keeps what is delivered to it, and answers as it is told."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

import orjson
import stripe


class Delivered(NamedTuple):
    path: str
    headers: dict[str, str]
    body: bytes
    at: float

    @property
    def event(self) -> dict[str, Any]:
        event: dict[str, Any] = orjson.loads(self.body)
        return event

    def verified(self, secret: str) -> stripe.Event:
        """As the official SDK takes it. Raises SignatureVerificationError."""
        return stripe.Webhook.construct_event(self.body, self.headers["stripe-signature"], secret)


@dataclass
class Listener:
    """`answers` are the statuses of the next deliveries; after them it is 200."""

    url: str
    answers: list[int] = field(default_factory=list)
    got: list[Delivered] = field(default_factory=list)

    def wait(self, count: int, seconds: float = 10.0) -> list[Delivered]:
        """Once so many came; a little longer, so that one too many would show."""
        until = time.monotonic() + seconds
        while len(self.got) < count and time.monotonic() < until:
            time.sleep(0.005)
        time.sleep(0.08)
        assert len(self.got) == count, [one.event["type"] for one in self.got]
        return self.got

    def types(self) -> list[str]:
        return [one.event["type"] for one in self.got]


@contextmanager
def listening() -> Iterator[Listener]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            listener.got.append(Delivered(self.path, headers, body, time.monotonic()))
            status = listener.answers.pop(0) if listener.answers else 200
            self.send_response(status)
            if status == 302:
                self.send_header("Location", f"{listener.url}/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    listener = Listener(f"http://127.0.0.1:{server.server_address[1]}/hook")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield listener
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
