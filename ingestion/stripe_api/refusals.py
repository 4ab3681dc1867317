"""What Stripe's statuses mean: an exception each, whose text names the remedy.

Enters: an answer. Leaves: nothing for a 200, else one of the exceptions. A server can repeat what
it was sent: no secret stays in a text.
"""

from typing import Any

import orjson

from outgoing_http.answers import Answer
from outgoing_http.secrets import scrubbed

SHOWN = 300  # characters of what Stripe says about a refusal


class StripeError(Exception):
    """Stripe refused a request, or could not be reached; the text names the remedy, and no secret:
    a server can repeat what it was sent."""

    def __init__(self, text: str) -> None:
        super().__init__(scrubbed(text))


class Refused(StripeError):
    """Stripe has answered, and will not give this: to ask again at once would change nothing."""


class PermissionMissing(Refused):
    """The key is valid and does not cover this endpoint."""


class NotFound(StripeError):
    """Stripe does not know the id."""


class Temporary(Exception):
    """Worth another attempt, after `wait` seconds if Stripe said so."""

    def __init__(
        self,
        reason: str,
        *,
        wait: float | None = None,
        limited: bool = False,
        attempts: int | None = None,
    ) -> None:
        super().__init__(reason)
        self.wait = wait
        self.limited = limited
        self.attempts = attempts


def raise_for_status(path: str, response: Answer) -> None:
    """What Stripe's status means, as one of the exceptions above; of 200 nothing."""
    status = response.status_code
    if status == 200:
        return
    if status == 401:
        # Stripe's own text repeats part of the key.
        raise StripeError("Stripe does not accept the key (401): set a valid one in STRIPE_API_KEY")
    if status == 403 and _error(response).get("code") == "account_invalid":
        raise StripeError(
            "the first key in STRIPE_API_KEY may not read a connected account (403): connect it at"
            " Stripe, or take it out of STRIPE_CONNECTED_ACCOUNTS"
        )
    if status == 403:
        raise PermissionMissing(f"{path}: the key lacks the permission to read this (403)")
    if status in (400, 404) and _error(response).get("code") == "resource_missing":
        raise NotFound(f"{path}: Stripe does not know this object ({status})")
    if status in (409, 429) or status >= 500:
        wait = retry_after(response)
        raise Temporary(f"HTTP {status}", wait=wait, limited=status == 429)
    error = _error(response)
    said = f"{error.get('message', 'no explanation')} (parameter {error.get('param')})"[:SHOWN]
    raise Refused(f"{path}: HTTP {status}: {said}; check STRIPE_API_BASE")


def retry_after(response: Answer) -> float | None:
    """Seconds that Stripe asks to wait, a minute at most."""
    try:
        return min(float(response.headers["Retry-After"]), 60.0)
    except (KeyError, ValueError):
        return None


def _error(response: Answer) -> dict[str, Any]:
    """Stripe's error object; empty where something else than Stripe has answered."""
    try:
        error = orjson.loads(response.content)["error"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return {}
    return error if isinstance(error, dict) else {}
