"""Who hears of alerts: a chat's webhook over HTTP, a mail server over SMTP."""

import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

PATIENCE = 60.0  # seconds


class Receiver:
    """Keeps what is posted; answers with `status`, once it `may_answer`."""

    def __init__(self) -> None:
        self.got: list[dict[str, Any]] = []
        self.status = 200
        self.may_answer = threading.Event()
        self.may_answer.set()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if receiver.status == 200:
                    receiver.got.append(json.loads(body))
                receiver.may_answer.wait(PATIENCE)
                self.send_response(receiver.status)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook/s3cret"


class MailServer:
    """Takes mail from who knows the password; while `is_full`, it takes none."""

    def __init__(self, hostname: str = "127.0.0.1", tls: ssl.SSLContext | None = None) -> None:
        self.got: list[EmailMessage] = []
        self.is_full = False
        self.controller = Controller(
            self,
            hostname=hostname,
            port=_free_port(),
            authenticator=self._authenticate,
            auth_required=True,
            auth_require_tls=tls is not None,
            tls_context=tls,
            require_starttls=tls is not None,
        )

    def _authenticate(self, *given: Any) -> AuthResult:
        known = given[-1] == LoginPassword(b"alerts", b"pass w0rd/1")
        return AuthResult(success=known)

    async def handle_DATA(self, _: SMTP, __: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.is_full:
            return "452 the disk is full"
        content = envelope.content
        assert isinstance(content, bytes)
        self.got.append(message_from_bytes(content, policy=policy.default))  # type: ignore[arg-type]
        return "250 OK"

    @property
    def url(self) -> str:
        return f"smtp://alerts:pass%20w0rd%2F1@{self.controller.hostname}:{self.controller.port}"


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def mailing(hostname: str = "127.0.0.1", tls: ssl.SSLContext | None = None) -> Iterator[MailServer]:
    made = MailServer(hostname, tls)
    made.controller.start()
    yield made
    made.controller.stop()


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    with mailing() as made:
        yield made


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    thread = threading.Thread(target=made.server.serve_forever, daemon=True)
    thread.start()
    yield made
    made.server.shutdown()
    made.server.server_close()
