"""The real receiver as a process of its own, and deliveries signed by the SDK."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from local_stripe import NOW
from stripe import WebhookSignature

PROGRAM = str(Path(sys.executable).with_name("stripe-traits"))
SECRET, ROLLED = "whsec_new", "whsec_old"


def event(number: int = 1, **fields: Any) -> dict[str, Any]:
    found = {"id": f"cus_{number}", "object": "customer"}
    return {
        "id": f"evt_{number}",
        "object": "event",
        "type": "customer.updated",
        "created": NOW,
        "livemode": False,
        "data": {"object": found},
        **fields,
    }


def signed(body: bytes, secret: str = SECRET, *, at: int | None = None) -> dict[str, str]:
    """The header that Stripe would send; `at` is in Unix seconds, default: now."""
    header = WebhookSignature.generate_signature_header(body.decode(), secret, at)
    return {"Stripe-Signature": header}


@dataclass
class Receiver:
    """Its address, process and inbox."""

    url: str
    process: subprocess.Popen[str]
    folder: Path
    client: httpx.Client = field(default_factory=lambda: httpx.Client(trust_env=False))

    def post(self, body: bytes, headers: dict[str, str] | None = None) -> httpx.Response:
        return self.client.post(self.url, content=body, headers=headers or {})

    def deliver(self, found: Any, secret: str = SECRET) -> tuple[int, str]:
        """Status and outcome of one signed event."""
        body = json.dumps(found).encode()  # as deep and as large as it comes
        answer = self.post(body, signed(body, secret))
        return answer.status_code, answer.json()["outcome"]

    def query(self, sql: str) -> list[Any]:
        with closing(sqlite3.connect(self.folder / "events.db")) as database:
            return database.execute(sql).fetchall()

    def logged(self) -> set[str]:
        return {name for (name,) in self.query("select id from events")}

    def stop(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
        """Exit code and what it said since it was ready."""
        self.process.send_signal(number)
        said, _ = self.process.communicate(timeout=30)
        return self.process.returncode, said


@contextmanager
def receiving(
    folder: Path, base: str = "http://127.0.0.1:9", *, port: int = 0, **settings: str | None
) -> Iterator[Receiver]:
    """A receiver, on a free port unless one is named; killed afterwards if it still runs.

    A setting that is None is left to the `.env` beside `folder`.
    """
    given: dict[str, str | None] = {
        **os.environ,
        "DATA_DIR": str(folder),
        "STRIPE_API_BASE": base,
        "STRIPE_WEBHOOK_SECRETS": f"{SECRET}, {ROLLED}",
        **settings,
    }
    process = subprocess.Popen(
        [PROGRAM, "webhooks", "--port", str(port)],
        cwd=folder.parent,
        env={name: value for name, value in given.items() if value is not None},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert process.stdout
        url = next(line.split()[-1] for line in process.stdout if line.startswith("receiving"))
        receiver = Receiver(url, process, folder)
        with receiver.client:
            yield receiver
    finally:
        process.kill()
        process.wait()
