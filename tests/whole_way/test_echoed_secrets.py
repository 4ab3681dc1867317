"""Servers that repeat what they were sent: no secret of it stays anywhere."""

import base64
import json
from pathlib import Path

import pytest
from command_line import run
from local_stripe import NOW, several_accounts
from target_servers import Json, Receiver, Reply, Request, TargetServer, running
from test_secrets import everything

from sandbox import builders
from sandbox.http.keys import Key

pytestmark = pytest.mark.long

KEY, STORE = "sk_test_Zq7neverfirst", "Zq7never/store+secret"
PATH_TOKEN, QUERY_TOKEN = "Zq7neverpath", "Zq7neverquery"
MARKS = [b"Zq7never", base64.b64encode(b"Zq7never")[:10], base64.b64encode(f"{STORE}:".encode())]


def echo(request: Request) -> str:
    """The whole request, as some frameworks show it in development."""
    basic = base64.b64encode(f"{STORE}:".encode()).decode()
    known = {**request.headers, "authorization": request.headers.get("authorization", basic)}
    return f"{request.method} {request.path} {request.query} {known} {json.dumps(STORE)}"


class EchoingStripe(TargetServer):
    def serve(self, request: Request) -> Reply:
        return Reply(400, {"error": {"message": echo(request), "type": "invalid_request_error"}})


class EchoingReceiver(Receiver):
    """Takes one account, and refuses the others with all that it was sent."""

    def serve(self, request: Request) -> Reply:
        if request.method == "HEAD":
            return Reply(405)
        body: Json = {"results": [{"account": "acct-1", "status": "no", "error": echo(request)}]}
        return Reply(200, body) if len(self.requests) % 2 else Reply(422, {"said": echo(request)})


def test_what_servers_repeat_is_kept_and_shown_without_secrets(tmp_path: Path) -> None:
    data, said = tmp_path / "data", []
    settings = {
        "DATA_DIR": str(data),
        "STRIPE_API_KEY": KEY,
        "STRIPE_WEBHOOK_SECRETS": "whsec_Zq7neversigning",
        "ACCOUNT_STORE_SECRET": STORE,
        "ACCOUNT_ID_METADATA_KEY": "account",
    }
    with (
        several_accounts(tmp_path, keys=[Key(KEY)]) as stripe,
        running(EchoingStripe()) as echoing,
        running(EchoingReceiver()) as store,
    ):
        for number in (1, 2):
            stripe.store.put(
                builders.customer(
                    id=f"cus_{number}", metadata={"account": f"acct-{number}"}, created=NOW
                )
            )
        settings["ACCOUNT_STORE_URL"] = (
            f"http://127.0.0.1:{store.port}/hook/{PATH_TOKEN}?key={QUERY_TOKEN}"
        )
        echoed = f"http://127.0.0.1:{echoing.port}"
        for base, command in ((echoed, ["sync"]), (stripe.url, ["sync"]), (stripe.url, ["status"])):
            ended = run(*command, cwd=tmp_path, STRIPE_API_BASE=base, **settings)
            said.append(ended.stdout + ended.stderr)
    assert "HTTP 400" in said[0]
    assert "***" in said[0]
    written = everything(data)
    kept = b"".join(written.values())
    assert b"the receiver refused it" in kept
    assert [mark for mark in MARKS if mark in "".join(said).encode()] == []
    assert [(path, mark) for path, held in written.items() for mark in MARKS if mark in held] == []
