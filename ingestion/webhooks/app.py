"""The ASGI application of the webhook receiver: one path for deliveries, two that say how
it is.

Enters: requests. Leaves: 2xx once the event is on disk (or is refused for good: asking again would
not help), 400 for what Stripe did not sign or nobody can read, 413 and 408 for bodies too long and
too slow, 503 where the append failed, so that Stripe delivers again.
"""

import asyncio
from collections import Counter

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ingestion.webhooks.delivered_event import Delivery, Misshapen, NoEvent, read
from ingestion.webhooks.delivery_log import DeliveryLog
from ingestion.webhooks.metrics import PATH as METRICS
from ingestion.webhooks.metrics import Metrics
from ingestion.webhooks.rules import Rules, Standing
from ingestion.webhooks.signature import BadSignature, signer

PATH = "/webhooks"
HEALTH = "/health"
MOST_BYTES = 1 << 20  # Stripe's largest events have some 200 KiB
MOST_SECONDS = 10.0  # for a body to arrive


class TooLong(Exception):
    """The body is longer than any event."""


REFUSALS: dict[type[Exception], tuple[int, str]] = {
    TooLong: (413, "too_long"),
    TimeoutError: (408, "too_slow"),
    ClientDisconnect: (400, "cut_short"),
    BadSignature: (400, "bad_signature"),
    Misshapen: (400, "misshapen"),  # Stripe shows it as failed, and somebody may look
    NoEvent: (200, "no_event"),  # it is signed: the same body would come again for days
}


class Receiver:
    """Answers deliveries; `counts` says how often each outcome was since the start."""

    def __init__(self, standing: Standing, log: DeliveryLog) -> None:
        self._standing = standing
        self._log = log
        self.failing = False
        self.counts: Counter[str] = Counter()

    async def deliver(self, request: Request) -> JSONResponse:
        """`POST /webhooks`."""
        status, outcome = await self._outcome(request)
        self.counts[outcome] += 1
        return JSONResponse({"outcome": outcome}, status)

    async def health(self, _: Request) -> JSONResponse:
        """`GET /health`: 503 while the last append is a failed one."""
        return JSONResponse(
            {"ok": not self.failing, "counts": dict(sorted(self.counts.items()))},
            503 if self.failing else 200,
        )

    async def _outcome(self, request: Request) -> tuple[int, str]:
        try:
            async with asyncio.timeout(MOST_SECONDS):
                body = await _body(request)
            header = request.headers.get("stripe-signature")
            delivery = await self._judged(body, header)
        except tuple(REFUSALS) as error:
            return REFUSALS[type(error)]
        return await self._kept(delivery)

    async def _judged(self, body: bytes, header: str | None) -> Delivery:
        """A secret or an account that is not known may be a new one: then once more."""
        before = self._standing.rules
        try:
            delivery = _judged(body, header, before)
        except BadSignature:
            if not await self._standing.renewed(before):
                raise
        else:
            if delivery.refused != "account" or not await self._standing.renewed(before):
                return delivery
        return _judged(body, header, self._standing.rules)

    async def _kept(self, delivery: Delivery) -> tuple[int, str]:
        try:
            new = await self._log.append(delivery)
        except Exception:  # noqa: BLE001 - whatever the cause, Stripe has to deliver it again
            self.failing = True
            return 503, "append_failed"
        self.failing = False
        if delivery.refused:
            return 200, f"refused_{delivery.refused}"
        if not new:
            return 200, "repeated"
        return 200, "new" if delivery.known else "unknown_type"


def _judged(body: bytes, header: str | None, rules: Rules) -> Delivery:
    secret = signer(body, header, rules.secrets, tolerance=rules.tolerance)
    return read(body, rules.ours, account=secret.account)


async def _body(request: Request) -> bytes:
    """The raw bytes: whatever is parsed and written again has another signature."""
    if int(request.headers.get("content-length") or 0) > MOST_BYTES:
        raise TooLong
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > MOST_BYTES:
            raise TooLong
        chunks.append(chunk)
    return b"".join(chunks)


def app(receiver: Receiver, metrics: Metrics) -> Starlette:
    """The application: other paths are 404, other methods 405."""

    async def scraped(request: Request) -> Response:
        return await metrics.answered(request, receiver.counts)

    made = Starlette(
        routes=[
            Route(PATH, receiver.deliver, methods=["POST"]),
            Route(f"{PATH}/", receiver.deliver, methods=["POST"]),
            Route(HEALTH, receiver.health, methods=["GET"]),
            Route(METRICS, scraped, methods=["GET"]),
        ]
    )
    made.router.redirect_slashes = False  # a redirect is a failed delivery to Stripe
    return made
