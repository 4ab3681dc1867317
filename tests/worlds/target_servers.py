"""Small servers that an HTTP account store is tried on: as documented, and wrong on request.

Each is a real HTTP server on a free port with a state to look at. `misbehave` makes the next
matching requests go wrong before (or instead of) being served.
"""

import base64
import hashlib
import hmac
import json
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar
from urllib.parse import parse_qs, unquote, urlsplit

from hostile_answers import HOSTILE

from reverse_sync.values.traits import json_text

Server = TypeVar("Server", bound="TargetServer")

SECRET = "s3cr-key_0123456789"

Json = dict[str, Any]


@dataclass(frozen=True)
class Request:
    """One request as it arrived."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    raw: bytes
    at: float

    @property
    def body(self) -> Any:
        return json.loads(self.raw, parse_float=Decimal, parse_int=Decimal)

    @property
    def text(self) -> str:
        return self.raw.decode()


@dataclass(frozen=True)
class Reply:
    """`reset`: the connection breaks instead. `half`: it breaks in the middle of the body. `slow`:
    seconds before the answer. `served`: the request takes effect all the same, only its answer is
    replaced."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    reset: bool = False
    half: bool = False
    slow: float = 0.0
    served: bool = False
    hostile: str | None = None  # one of HOSTILE


@dataclass
class Fault:
    reply: Reply
    times: int
    when: Callable[[Request], bool]


class TargetServer:
    """What the servers share: the requests, the faults, one lock round the state."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.faults: list[Fault] = []
        self.lock = threading.RLock()
        self.port = 0

    def misbehave(
        self,
        reply: Reply,
        *,
        times: int = 1,
        when: Callable[[Request], bool] = lambda request: True,
    ) -> None:
        self.faults.append(Fault(reply, times, when))

    def answer(self, request: Request) -> Reply:
        with self.lock:
            self.requests.append(request)
            fault = next((f for f in self.faults if f.times and f.when(request)), None)
            if fault is None:
                return self.serve(request)
            fault.times -= 1
            if fault.reply.served:
                self.serve(request)
            return fault.reply

    def serve(self, request: Request) -> Reply:
        raise NotImplementedError

    def sent(self, reply: Reply) -> None:
        """The answer is on its way, to the last byte."""

    def held(self, account_id: str) -> Json | None:
        """The traits that the server keeps of an account; None where it has none."""
        raise NotImplementedError

    def authorised(self, request: Request) -> bool:
        expected = base64.b64encode(f"{SECRET}:".encode()).decode()
        return request.headers.get("authorization") == f"Basic {expected}"


def merged(traits: Json, sent: Json) -> Json:
    return {k: v for k, v in {**traits, **sent}.items() if v is not None}


class Receiver(TargetServer):
    """A webhook's receiver: checks the signature, keeps the newest version of each account."""

    def __init__(self) -> None:
        super().__init__()
        self.accounts: dict[str, Json] = {}
        self.keys: set[str] = set()
        self.stale: list[Json] = []
        self.results = False
        self.refused: dict[str, Json] = {}

    def serve(self, request: Request) -> Reply:
        if request.method == "HEAD":
            return Reply(405)
        if not self._signed(request):
            return Reply(401, {"error": "wrong signature"})
        items = request.body if isinstance(request.body, list) else [request.body]
        results = [self._take(item, request.headers["idempotency-key"]) for item in items]
        self.keys.add(request.headers["idempotency-key"])
        return Reply(200, {"results": results}) if self.results else Reply(204)

    def _take(self, item: Json, key: str) -> Json:
        name = item["account"]
        if name in self.refused:
            return {"account": name, **self.refused[name]}
        known = self.accounts.get(name, {"version": 0, "traits": {}})
        if key not in self.keys and item["version"] <= known["version"]:
            self.stale.append(item)
        traits = merged(known["traits"], {**item["set"], **dict.fromkeys(item["unset"])})
        self.accounts[name] = {**item, "traits": traits}
        return {"account": name, "status": "accepted"}

    def _signed(self, request: Request) -> bool:
        parts = dict(
            part.split("=", 1) for part in request.headers["stripe-traits-signature"].split(",")
        )
        signed = f"{parts['t']}.".encode() + request.raw
        expected = hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
        fresh = abs(time.time() - int(parts["t"])) < 300
        return fresh and hmac.compare_digest(parts["v1"], expected)

    def held(self, account_id: str) -> Json | None:
        account = self.accounts.get(account_id)
        return account and account["traits"]


class FakeVitally(TargetServer):
    """Vitally's REST API for accounts; `keeps` sees each trait before it is stored."""

    def __init__(self) -> None:
        super().__init__()
        self.accounts: dict[str, Json] = {}
        self.per_minute: float | None = None
        self.spent: list[float] = []
        self.refused = 0
        self.keeps: Callable[[str, Any], Any] = lambda trait, value: value

    def serve(self, request: Request) -> Reply:
        if not self.authorised(request):
            return Reply(401, {"error": "unauthorized"})
        if not request.path.startswith("/resources/accounts"):
            return Reply(404, {"error": "no such resource"})
        limited = self._limited(request.at)
        if limited is not None:
            return limited
        name = unquote(request.path.removeprefix("/resources/accounts").lstrip("/"))
        if request.method == "GET":
            return self._list(request.query) if not name else self._one(name)
        return self._put(name, request.body) if request.method == "PUT" else self._post(request)

    def _limited(self, now: float) -> Reply | None:
        if self.per_minute is None:
            return None
        self.spent = [moment for moment in self.spent if moment > now - 60]
        if len(self.spent) >= self.per_minute:
            self.refused += 1
            reset = str(round(self.spent[0] + 60 - now, 3))
            headers = {"RateLimit-Remaining": "0", "RateLimit-Reset": reset}
            return Reply(429, {"error": "too many"}, headers)
        self.spent.append(now)
        return None

    def _one(self, name: str) -> Reply:
        account = self.accounts.get(name)
        return Reply(200, account) if account else Reply(404, {"error": "not found"})

    def _put(self, name: str, body: Json) -> Reply:
        if name not in self.accounts:
            return Reply(404, {"error": "not found"})
        account = self.accounts[name]
        account["traits"] = merged(account["traits"], self._kept(body))
        account["name"] = body.get("name", account["name"])
        return Reply(200, account)

    def _post(self, request: Request) -> Reply:
        body = request.body
        if not body.get("name") or not body.get("externalId"):
            return Reply(400, {"error": "name and externalId are required"})
        if body["externalId"] in self.accounts:
            return Reply(409, {"error": "exists"})
        traits = merged({}, self._kept(body))
        self.accounts[body["externalId"]] = {
            "id": f"vitally-{len(self.accounts)}",
            "externalId": body["externalId"],
            "name": body["name"],
            "traits": traits,
            "churned": False,
        }
        return Reply(200, self.accounts[body["externalId"]])

    def _kept(self, body: Json) -> Json:
        return {trait: self.keeps(trait, value) for trait, value in body["traits"].items()}

    def _list(self, query: dict[str, str]) -> Reply:
        shown = [
            account
            for account in self.accounts.values()
            if query.get("status") == "activeOrChurned" or not account["churned"]
        ]
        if query.get("sortBy") != "createdAt":
            shown.reverse()
        limit = min(int(query.get("limit", 25)), 100)
        start = int(query.get("from", 0))
        more = start + limit < len(shown)
        page = {"results": shown[start : start + limit], "next": str(start + limit)}
        return Reply(200, page if more else {**page, "next": None})

    def held(self, account_id: str) -> Json | None:
        account = self.accounts.get(account_id)
        return account and account["traits"]


class FakeSegment(TargetServer):
    """Segment's /v1/batch: 200 for what it keeps and for what it drops."""

    def __init__(self) -> None:
        super().__init__()
        self.groups: dict[str, Json] = {}
        self.messages: set[str] = set()
        self.dropped: list[Json] = []

    def serve(self, request: Request) -> Reply:
        if request.method == "HEAD":
            return Reply(404)
        if request.path != "/v1/batch" or not self.authorised(request):
            return Reply(200, {"success": True})  # it says nothing of a wrong key
        if len(request.raw) > 500_000:
            return Reply(400, {"success": False, "message": "too large"})
        for event in request.body["batch"]:
            self._take(event)
        return Reply(200, {"success": True})

    def _take(self, event: Json) -> None:
        too_large = len(json_text(event).encode()) > 32_768
        if too_large or not (event.get("userId") or event.get("anonymousId")):
            self.dropped.append(event)
        elif event["messageId"] not in self.messages:
            self.messages.add(event["messageId"])
            group = self.groups.get(event["groupId"], {})
            self.groups[event["groupId"]] = merged(group, event["traits"])

    def held(self, account_id: str) -> Json | None:
        group = self.groups.get(account_id)
        return group and {k: v for k, v in group.items() if k != "name"}


class _Serving(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A client that hangs up, or is killed, is no fault of the server's."""
        if not isinstance(sys.exception(), OSError):
            traceback.print_exc()


@contextmanager
def running(server: Server) -> Iterator[Server]:
    """The server on a free port of this machine, until the context ends."""
    http = _Serving(("127.0.0.1", 0), _handler(server))
    server.port = http.server_address[1]
    thread = threading.Thread(target=http.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()
        thread.join()


def _answered(server: TargetServer, asked: BaseHTTPRequestHandler) -> Reply:
    parts, length = urlsplit(asked.path), int(asked.headers.get("Content-Length") or 0)
    raw = asked.rfile.read(length)
    if len(raw) < length:  # its sender was killed: no server acts on a half request
        return Reply(reset=True)
    return server.answer(
        Request(
            method=asked.command,
            path=parts.path,
            query={name: values[0] for name, values in parse_qs(parts.query).items()},
            headers={name.lower(): value for name, value in asked.headers.items()},
            raw=raw,
            at=time.time(),
        )
    )


def _handler(server: TargetServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def handle_any(self) -> None:
            reply = _answered(server, self)
            if reply.slow:
                time.sleep(reply.slow)
            if reply.reset:
                self.close_connection = True
                return
            if reply.hostile:
                self.close_connection = True
                with suppress(OSError):  # the client has had enough
                    HOSTILE[reply.hostile](self.wfile.write)
                return
            content = b"" if reply.body is None else _text(reply.body).encode()
            self.send_response(reply.status)
            for name, value in {**reply.headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.close_connection = self.close_connection or reply.half
            if self.command == "HEAD":
                content = b""
            with suppress(OSError):  # the client waits no longer
                self.end_headers()
                self.wfile.write(content[: len(content) // 2] if reply.half else content)
                server.sent(reply)

        do_GET = do_POST = do_PUT = do_HEAD = handle_any  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    return Handler


def _text(body: Any) -> str:
    return body if isinstance(body, str) else json_text(body)  # numbers stay exact
