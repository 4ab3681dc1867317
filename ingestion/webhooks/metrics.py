"""`GET /metrics`: figures in Prometheus' text form, for whoever may see them.

Enters: requests, who writes the figures, the token. Leaves: text, or a refusal. Without a token
this machine alone may ask, and not through a proxy: MRR is among the figures, and who reaches
`/webhooks` must not reach it.
"""

import asyncio
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

PATH = "/metrics"
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
FORWARDED = ("forwarded", "via", "x-forwarded-for", "x-real-ip")
NOT_HERE = (
    "Set METRICS_TOKEN, and ask with 'Authorization: Bearer' and it, or ask on this machine.\n"
)
ASK_WITH_IT = "Ask with 'Authorization: Bearer' and METRICS_TOKEN.\n"
UNREADABLE = "The figures cannot be read now; 'stripe-traits status' says why.\n"

Counts = Mapping[str, int]


@dataclass
class Metrics:
    """`written` gets the counts of deliveries since the start; one answer is written at a time."""

    written: Callable[[Counts], str]
    token: str | None = None
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def answered(self, request: Request, counts: Counts) -> Response:
        if refusal := self._refusal(request):
            return refusal
        try:
            async with self._turn:
                text = await asyncio.to_thread(self.written, dict(counts))
        except Exception:  # noqa: BLE001 - deliveries are received whatever the figures' files hold
            return PlainTextResponse(UNREADABLE, 503)
        return Response(text, media_type=CONTENT_TYPE)

    def _refusal(self, request: Request) -> Response | None:
        if self.token:
            given = request.headers.get("authorization", "")
            right = hmac.compare_digest(given.encode(), f"Bearer {self.token}".encode())
            return None if right else PlainTextResponse(ASK_WITH_IT, 401)
        return None if _is_on_this_machine(request) else PlainTextResponse(NOT_HERE, 403)


def _is_on_this_machine(request: Request) -> bool:
    if request.client is None or any(name in request.headers for name in FORWARDED):
        return False
    try:
        return ip_address(request.client.host).is_loopback
    except ValueError:
        return False
