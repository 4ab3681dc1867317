"""The keys of an account: what kind each is, and what a restricted one may do.

Enters: keys, the Authorization header, the path that is asked for. Leaves: the key that asks, or
a refusal in Stripe's words, which never shows a key.
"""

import base64
import binascii
import hmac
from collections.abc import Sequence
from dataclasses import dataclass

from sandbox.errors import StripeError
from sandbox.shapes import ACCOUNT

KINDS = ("sk_test_", "sk_live_", "rk_test_", "rk_live_")
# What a restricted key is given, and the name of that permission in Stripe's refusals.
PERMISSIONS = {
    "account": "accounts_kyc_basic",
    "coupons": "coupon",
    "customers": "customer",
    "events": "event",
    "invoices": "invoice",
    "payment_methods": "payment_method",
    "prices": "plan",
    "products": "product",
    "sources": "source",
    "subscriptions": "subscription",
    "webhook_endpoints": "webhook",
}
# Endpoints that are covered by the permission for another resource.
_COVERED = {
    "plans": "prices",
    "subscription_items": "subscriptions",
    "invoiceitems": "invoices",
    "accounts": "account",
}


@dataclass(frozen=True)
class Key:
    """A key; `reads` and `writes` (which includes reading) are for the restricted kinds alone.

    `account` is the one that it belongs to; None is the first that is served.
    """

    secret: str
    reads: frozenset[str] = frozenset()
    writes: frozenset[str] = frozenset()
    account: str | None = None

    def __post_init__(self) -> None:
        unknown = sorted((self.reads | self.writes) - PERMISSIONS.keys())
        if unknown:
            raise ValueError(
                f"key {masked(self.secret)}: no permission for {', '.join(unknown)};"
                f" there are {', '.join(PERMISSIONS)}"
            )
        if (self.reads or self.writes) and not self.restricted:
            raise ValueError(
                f"key {masked(self.secret)}: only rk_test_ and rk_live_ keys are restricted;"
                " give it another name, or no permissions"
            )

    def __repr__(self) -> str:
        return f"Key({masked(self.secret)})"

    @property
    def restricted(self) -> bool:
        return self.secret.startswith("rk_")

    @property
    def live(self) -> bool:
        return self.secret[2:8] == "_live_"

    def check(self, method: str, path: str, account: str = ACCOUNT) -> None:
        """Refuse what the key may not do; what no permission is known for is left to the routes."""
        resource = _resource(path)
        if not self.restricted or resource not in PERMISSIONS:
            return
        reading = method in ("GET", "HEAD")
        allowed = self.writes | self.reads if reading else self.writes
        if resource not in allowed:
            verb = "read" if reading else "write"
            raise StripeError(
                f"The provided key '{masked(self.secret)}' does not have the required permissions"
                f" for this endpoint on account '{account}'. Having the"
                f" 'rak_{PERMISSIONS[resource]}_{verb}' permission would allow this request to"
                " continue.",
                status=403,
            )

    def in_its_mode(self, body: bytes) -> bytes:
        """An answer as the key's mode shows it (a quote inside of a text would be escaped)."""
        return body.replace(b'"livemode":false', b'"livemode":true') if self.live else body


def asking(authorization: str, keys: Sequence[Key]) -> Key:
    """The key of a request."""
    given = _given(authorization)
    if not given:
        raise StripeError(
            "You did not provide an API key. You need to provide your API key in the Authorization"
            " header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').",
            status=401,
        )
    for key in keys:
        if hmac.compare_digest(given.encode(), key.secret.encode()):
            return key
    raise StripeError(f"Invalid API Key provided: {masked(given)}", status=401)


def masked(key: str) -> str:
    """A key's kind and last characters: enough to recognise it, never to use it."""
    start = next((kind for kind in KINDS if key.startswith(kind)), "")
    shown = key[-4:] if len(key) - len(start) > 8 else ""
    return f"{start}{'*' * max(4, len(key) - len(start) - len(shown))}{shown}"


def _given(authorization: str) -> str:
    """Bearer, or the user name of basic authentication, as Stripe takes both."""
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(value).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _resource(path: str) -> str:
    """`/v1/customers/cus_a/payment_methods` is about payment methods."""
    segments = path.strip("/").split("/")[1:]
    last = segments[2] if len(segments) > 2 else segments[0] if segments else ""
    if segments and last not in PERMISSIONS and last not in _COVERED:
        last = segments[0]  # `/v1/invoices/in_a/lines`, `/v1/invoices/in_a/pay`
    return _COVERED.get(last, last)
