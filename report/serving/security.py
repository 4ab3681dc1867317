"""Who may ask, and what a browser may do with the answer.

Enters: requests, the names that the report is reached by, the token. Leaves: the same requests, or
a refusal. The page shows customers' data: a foreign name in `Host` is another site that points its
own name here, and whoever is not on this machine needs the token.
"""

import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from http.cookies import SimpleCookie
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
COOKIE = "report_token"
READING = {"GET", "HEAD"}
HEALTH = "/health"  # says nothing of anybody, so it asks for no token
WRITTEN = "/segments"  # the one page whose form is taken, with the token that it carries
POLICY = (
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none';"
    " object-src 'none'"
)
API = "/api"  # for programs, which are refused as they are answered: in JSON
OPEN = "Open the address with ?token=... that 'stripe-traits report' printed."
SEND = "Send the header 'Authorization: Bearer TOKEN' with the token of 'stripe-traits report'."
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


@dataclass(frozen=True)
class Rules:
    """`hosts` are the names in `Host` that are ours; without a token everyone may ask."""

    hosts: frozenset[str] = LOOPBACK
    token: str | None = None


def rules(host: str, names: Iterable[str] = (), token: str | None = None) -> Rules:
    """On loopback alone nobody else can ask; everywhere else the token is asked for."""
    hosts = LOOPBACK | {host.lower()} | {name.lower() for name in names}
    if hosts == LOOPBACK:
        return Rules(token=token)
    return Rules(hosts, token or secrets.token_urlsafe(24))


class Guarded:
    """The application behind the rules."""

    def __init__(self, app: ASGIApp, rules: Rules) -> None:
        self.app, self.rules = app, rules

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                _add_headers(MutableHeaders(scope=message), scope["path"])
            await send(message)

        refusal = self._refusal(scope)
        await (refusal or self.app)(scope, receive, sent)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        if _name(headers.get("host", "")) not in self.rules.hosts:
            text = (
                "This report is not served under that name; 'stripe-traits report --name' adds one."
            )
            return _refused(scope, text, 421)
        if not _is_allowed(scope["method"], scope["path"]):
            return _refused(scope, "The report only shows: ask with GET.", 405)
        if not self.rules.token or scope["path"] == HEALTH:
            return None
        return self._without_token(scope, headers)

    def _without_token(self, scope: Scope, headers: Headers) -> Response | None:
        """The token comes once in the address, and then in a cookie; a program sends it in a
        header."""
        kind, _, bearer = headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer" and self._is_token(bearer.strip()):
            return None
        cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
        if cookie and self._is_token(cookie.value):
            return None
        given = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        if not self._is_token(dict(given).get("token", "")):
            text = SEND if _is_api(scope) else OPEN
            return _refused(scope, text, 401)
        return self._welcome(scope, [pair for pair in given if pair[0] != "token"])

    def _welcome(self, scope: Scope, given: list[tuple[str, str]]) -> Response:
        path = "/" + scope["path"].lstrip("/")
        answer = RedirectResponse(f"{path}?{urlencode(given)}" if given else path, 303)
        is_secure = scope["scheme"] == "https"
        token = self.rules.token or ""
        # Lax: a link in a message leads here, too, and nothing is written by a GET.
        answer.set_cookie(COOKIE, token, httponly=True, samesite="lax", secure=is_secure)
        return answer

    def _is_token(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(), (self.rules.token or "").encode())


def _is_api(scope: Scope) -> bool:
    path: str = scope["path"]
    return path == API or path.startswith(f"{API}/")


def _refused(scope: Scope, text: str, status: int) -> Response:
    if _is_api(scope):
        return JSONResponse({"error": text}, status)
    return PlainTextResponse(text, status)


def _is_allowed(method: str, path: str) -> bool:
    return method in READING or (method == "POST" and path == WRITTEN)


def _name(host: str) -> str:
    """Of `Host` without its port: `[::1]:3000` is ::1."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower()


def _add_headers(headers: MutableHeaders, path: str) -> None:
    headers.update(HEADERS)
    # Pages hold customers' data: no copy of them stays in a cache.
    headers["Cache-Control"] = "no-cache" if path.startswith("/static/") else "no-store"
