"""The set-up: what Stripe and the account store say, what to suggest, and `.env` written.

Enters: evidence and answers. Leaves: suggestions, and lines in `.env`. Who asks the questions is
decided in `commands/connect`.
"""

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path

from dotenv import set_key

from ingestion.stripe_api.client import Client
from ingestion.stripe_api.permissions import check_permissions
from ingestion.stripe_api.survey import Evidence, gather
from orchestration.configuration.environment import WrongSettings
from orchestration.configuration.settings import Settings
from orchestration.stripe_accounts import connection

LIKELY = 0.8  # of the customers carry the key: it was put there on purpose
TELLS_APART = 0.3  # as many values for each customer: an account's ID, not a plan or a region


@dataclass(frozen=True)
class Answers:
    """The two questions and the account store; None keeps the default."""

    account_id_metadata_key: str | None
    multiple_subscriptions: bool
    account_store_url: str | None = None

    def lines(self) -> dict[str, str]:
        """Names and values as `.env` holds them."""
        store = {"ACCOUNT_STORE_URL": self.account_store_url} if self.account_store_url else {}
        return {
            "ACCOUNT_ID_METADATA_KEY": self.account_id_metadata_key or "",
            "MULTIPLE_SUBSCRIPTIONS": str(self.multiple_subscriptions).lower(),
            **store,
        }


def look(settings: Settings) -> Evidence:
    """Checks the key's permissions, then reads the evidence. Raises StripeError."""
    return asyncio.run(_look(settings))


async def _look(settings: Settings) -> Evidence:
    async with Client(connection(settings)) as client:
        await check_permissions(client)
        return await gather(client)


def suggestion(evidence: Evidence) -> Answers:
    """What the evidence speaks for: the key that most customers carry and that tells them apart
    best; several subscriptions if any customer has them."""
    likely = [
        found
        for found in evidence.keys
        if found.customers >= LIKELY * evidence.customers
        and found.values >= TELLS_APART * found.customers
    ]
    best = max(likely, key=lambda found: (found.values, found.customers, found.key), default=None)
    return Answers(best.key if best else None, evidence.several > 0)


def write_env(path: Path, lines: dict[str, str]) -> None:
    """Set these lines of `.env`, made private (0600); all other lines stay as they are.

    Raises WrongSettings where there is no folder for it.
    """
    if not path.parent.is_dir():
        raise WrongSettings(f"{path}: the folder does not exist; make it first, or name another")
    path.touch(mode=0o600)
    os.chmod(path, 0o600)  # noqa: PTH101 - touch leaves an existing file's mode
    for name, value in lines.items():
        set_key(path, name, value, quote_mode="auto")
