"""Faults on the wire: between the client and the application, around every answer.

Enters: an ASGI application and the faults of its requests. Leaves: an ASGI application that waits,
turns away, breaks off and deletes as it is told; what lies outside of `/v1` is left alone.
"""

import asyncio
import itertools
import socket
import struct
import time
from collections.abc import Callable
from typing import Any

import orjson
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.errors import StripeError
from sandbox.misbehaviour.faults import Draws, Fault, Faults
from sandbox.misbehaviour.limits import Limiters, Refusal, endpoint
from sandbox.shapes import API_VERSION

Delete = Callable[[Scope, str, str], None]  # the request for a page, its last id, what to delete
_numbers = itertools.count(1)
_PAGE = "https://stripe.com/docs/rate-limits"
_BODIES = {
    "server_error": (500, "An unknown error occurred.", "api_error", None),
    "unavailable": (
        503,
        "The service is temporarily unavailable. Please try again later.",
        "api_error",
        None,
    ),
    "lock_timeout": (
        429,
        "This object cannot be accessed right now because another API request or Stripe process is"
        " currently accessing it. If you see this error intermittently, retry the request. If you"
        " see this error frequently and are making multiple concurrent requests to a single"
        " object, make your requests serially or at a lower rate.",
        "invalid_request_error",
        "lock_timeout",
    ),
    "rate_limit": (
        429,
        f"Request rate limit exceeded. Learn more about rate limits here {_PAGE}.",
        "invalid_request_error",
        "rate_limit",
    ),
}


class Misbehaving:
    """The application as a client of an unreliable network and a busy Stripe sees it."""

    def __init__(
        self,
        served: ASGIApp,
        faults: Faults,
        delete: Delete,
        *,
        account: Callable[[Scope], str],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._served, self._faults, self._delete = served, faults, delete
        self._account, self._draws = account, Draws(faults)
        self._limiters = Limiters(faults.limits, clock) if faults.limits else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/v1/"):
            return await self._served(scope, receive, send)
        name, live = endpoint(scope["method"], scope["path"]), _live(scope)
        limiter = self._limiters.of(self._account(scope)) if self._limiters else None
        refusal = limiter.begin(name, live=live) if limiter else None
        if refusal:
            return await _limited(refusal, self._with_retry_after)(scope, receive, send)
        try:
            await self._answer(scope, receive, send)
        finally:
            if limiter:
                limiter.end(name, live=live)

    @property
    def _with_retry_after(self) -> bool:
        return self._faults.limits is None or self._faults.limits.retry_after

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = (scope["method"], scope["path"], scope["query_string"].decode("latin-1"))
        chosen = {fault.kind: fault for fault in self._draws.next(*request)}
        slow = chosen.pop("slow", None)
        wait = self._draws.latency(*request) + (slow.seconds if slow else 0.0)
        if wait:
            await asyncio.sleep(wait)
        instead = next((f for f in chosen.values() if f.kind == "reset" or f.kind in _BODIES), None)
        if instead is None and not chosen:
            await self._served(scope, receive, send)
        elif instead is None:
            await self._broken(chosen, scope, receive, send)
        elif instead.kind == "reset":
            await _reset(receive, send)
        else:
            await self._refused(instead)(scope, receive, send)

    def _refused(self, fault: Fault) -> Response:
        if fault.kind == "rate_limit":
            return _limited(Refusal("global-rate", int(fault.seconds)), self._with_retry_after)
        should = {"Stripe-Should-Retry": "true"} if fault.kind == "lock_timeout" else {}
        return _error(fault.kind, should)

    async def _broken(
        self, chosen: dict[str, Fault], scope: Scope, receive: Receive, send: Send
    ) -> None:
        """The answer itself, cut short or with something deleted behind it."""
        messages: list[Message] = []

        async def keep(message: Message) -> None:
            messages.append(message)

        await self._served(scope, receive, keep)
        body = b"".join(message.get("body", b"") for message in messages[1:])
        if "truncated" in chosen:
            await _truncate(messages[0], body, receive, send)
        else:
            for kind in chosen:
                self._delete_from(scope, body, kind)
            await send(messages[0])
            await send(_part(body, more=False))

    def _delete_from(self, scope: Scope, body: bytes, kind: str) -> None:
        page = orjson.loads(body)
        if page.get("object") == "list" and page["data"]:
            self._delete(scope, page["data"][-1]["id"], kind)


def _part(body: bytes, *, more: bool) -> Message:
    return {"type": "http.response.body", "body": body, "more_body": more}


async def _truncate(start: Message, body: bytes, receive: Receive, send: Send) -> None:
    """Half of the body, although the header promises all of it."""
    await send(start)
    await send(_part(body[: len(body) // 2], more=True))
    _transport(send).close()
    await _gone(receive)


def _live(scope: Scope) -> bool:
    """Told by the key's name; whether it is accepted is told later."""
    header: bytes = dict(scope["headers"]).get(b"authorization", b"")
    return header.partition(b" ")[2][2:8] == b"_live_"


def _limited(refusal: Refusal, with_retry_after: bool) -> Response:
    headers = {"Stripe-Rate-Limited-Reason": refusal.reason}
    if with_retry_after:
        headers["Retry-After"] = str(refusal.retry_after)
    return _error("rate_limit", headers)


def _error(kind: str, headers: dict[str, str]) -> Response:
    status, message, type_, code = _BODIES[kind]
    error = StripeError(message, status=status, code=code, type=type_)
    stamped = {"Request-Id": f"req_f{next(_numbers):013x}", "Stripe-Version": API_VERSION}
    return Response(error.body(), status, headers | stamped, media_type="application/json")


def _transport(send: Send) -> Any:
    """The connection under uvicorn's `send`; no other server is known to show it."""
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is None:
        raise RuntimeError(
            "faults: reset and truncated need the connection of uvicorn; serve the application"
            " with sandbox.server.serving, or directly by uvicorn"
        )
    return transport


async def _reset(receive: Receive, send: Send) -> None:
    """Close so that the other side sees a reset, not an end."""
    transport = _transport(send)
    plain = transport.get_extra_info("socket")
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
    await _gone(receive)


async def _gone(receive: Receive) -> None:
    """Wait until the server has seen the end of the connection, or it would answer."""
    while (await receive())["type"] != "http.disconnect":
        pass
