"""Who signed a delivery: Stripe, with one of the secrets that are in force.

Enters: the raw body, the header, secrets. Leaves: the secret's owner, or `BadSignature`. The check
itself is the SDK's; here stands which secrets are tried, and that no error repeats one.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from stripe import SignatureVerificationError, WebhookSignature


@dataclass(frozen=True)
class Secret:
    """A signing secret. Stripe names no account in the deliveries of an account's own endpoint, so
    `account` says whose it is; None: the account of the first key."""

    value: str
    account: str | None = None

    def __repr__(self) -> str:
        return f"Secret(account={self.account!r})"


class BadSignature(Exception):
    """None of the secrets signed this body within the tolerance."""


def signer(body: bytes, header: str | None, secrets: Sequence[Secret], *, tolerance: int) -> Secret:
    """The secret that signed `body`, at most `tolerance` seconds ago, or ahead, by this machine's
    clock: what is signed for next year could be repeated until then."""
    for secret in secrets:
        try:
            WebhookSignature.verify_header(body, header, secret.value, tolerance)
        # A body that is no UTF-8, or a signature that is no ASCII, is refused all the same.
        except (SignatureVerificationError, ValueError, TypeError):
            continue
        if _signed_at(header) - time.time() > tolerance:
            break
        return secret
    raise BadSignature


def _signed_at(header: str | None) -> int:
    """The moment of a header that was verified: the first `t`, as the SDK reads it."""
    parts = (part.split("=", 2) for part in (header or "").split(","))
    return next(int(part[1]) for part in parts if part[0] == "t")
