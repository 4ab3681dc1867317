"""`Stripe-Signature`: a body, secrets and a moment enter, the header's value leaves."""

import hmac
import secrets
from collections.abc import Iterable

SECRET = "whsec_"  # noqa: S105 - how every secret begins


def signature(body: bytes, keys: Iterable[str], now: int) -> str:
    """One `v1` for each secret, as while one is being rolled; `now` in unix seconds."""
    signed = f"{now}.".encode() + body
    parts = [f"v1={hmac.new(one.encode(), signed, 'sha256').hexdigest()}" for one in keys]
    return ",".join((f"t={now}", *parts))


def new_secret() -> str:
    """Nothing that a seed could tell: it is a secret, even here."""
    return SECRET + secrets.token_hex(16)
