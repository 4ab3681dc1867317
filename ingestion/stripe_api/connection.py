"""How one Stripe account is reached: server, key, version, and what is asked of it at most.

Enters: the settings. Leaves: a `Connection`, which never shows its key.
"""

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from ingestion.stripe_api.rate_limit import shared_folder
from outgoing_http.limits import ACCEPTED, MIB, AnswerLimits

# 16 MiB hold the largest object that Stripe may send: an invoice with ten lines, and on each line
# and its price 50 metadata values of 500 characters, every one escaped. A page of a hundred such
# objects does not fit: shorter pages are asked for then. 80 s is what Stripe's own SDK waits.
LIMITS = AnswerLimits(size=16 * MIB, seconds=80)
LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class Connection:
    """How one Stripe account is reached.

    `stripe_account_id`: which account this must be, where the settings say so. `connected`: that
    account is read with the platform's key. `requests_per_second` is for one endpoint; None: no
    limit. Who shares the files below `limits` and the key shares the rate.
    """

    api_key: str
    api_base: str
    api_version: str
    stripe_account_id: str | None = None
    connected: bool = False
    requests_per_second: float | None = None
    concurrency: int = 20
    attempts: int = 8
    patience_seconds: float = 600  # with a rate limit, which is no failure
    answers: AnswerLimits = LIMITS
    limits: Path = field(default_factory=shared_folder)

    @property
    def on_loopback(self) -> bool:
        return urlsplit(self.api_base).hostname in LOOPBACK

    @property
    def mode(self) -> str:
        """As the key says it: live or test."""
        return "live" if "_live_" in self.api_key else "test"

    def headers(self) -> dict[str, str]:
        headers = {
            **ACCEPTED,
            "Authorization": f"Bearer {self.api_key}",
            "Stripe-Version": self.api_version,
            "User-Agent": "stripe-traits",
        }
        if self.connected and self.stripe_account_id:
            headers["Stripe-Account"] = self.stripe_account_id
        return headers

    def __repr__(self) -> str:
        return f"Connection(api_base={self.api_base!r}, api_version={self.api_version!r})"
