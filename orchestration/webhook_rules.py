"""What the webhook receiver is given: rules, files and the look at Stripe, from the settings.

Enters: the settings, the inbox. Leaves: values of `ingestion.webhooks`. The receiver itself knows
no setting.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from ingestion.inbox.events_db import Inbox
from ingestion.stripe_api.account_id import account_id
from ingestion.stripe_api.client import Client
from ingestion.stripe_api.refusals import StripeError
from ingestion.webhooks.delivered_event import Ours
from ingestion.webhooks.registered import findings
from ingestion.webhooks.rules import Rules, Standing
from ingestion.webhooks.signature import Secret
from orchestration.configuration.environment import WrongSettings, read_settings
from orchestration.configuration.settings import Settings
from orchestration.stripe_accounts import connection


def standing(settings: Settings) -> Standing:
    """The rules of now, and how they are said again."""
    path = settings.folder.inbox
    return Standing(_rules(settings, path, own=""), partial(_rules_again, path))


def _rules_again(inbox: Path, before: Rules) -> Rules:
    """As a changed `.env` and a further load have made them; as they were where that fails."""
    try:
        settings = read_settings()
        return _rules(settings, inbox, own=before.ours.own) if settings.webhook_secrets else before
    except (WrongSettings, sqlite3.Error, OSError):
        return before


def _rules(settings: Settings, inbox: Path, *, own: str) -> Rules:
    """Whose events are taken: those of the key's mode, and of the accounts that are read."""
    secrets = tuple(Secret(value, account) for account, value in settings.webhook_secrets)
    with Inbox.open(inbox) as opened:
        known = opened.accounts()
    named = {secret.account for secret in secrets if secret.account}
    named |= {account for account, _ in settings.api_keys if account}
    named |= set(settings.connected_accounts)
    own = own or asyncio.run(_own(settings)) or (known[0] if len(known) == 1 else "")
    return Rules(
        secrets=secrets,
        tolerance=settings.stripe_webhook_tolerance_seconds,
        ours=Ours(settings.is_live, own, frozenset({*known, *named})),
    )


async def _own(settings: Settings) -> str:
    """The account of the first key; blank where Stripe does not say so now: what is not received
    meanwhile would be worse."""
    try:
        async with Client(replace(connection(settings), attempts=2)) as client:
            return await account_id(client)
    except StripeError:
        return ""


async def greeting(settings: Settings, say: Callable[[str], None]) -> None:
    """What differs between the endpoints at Stripe and what is expected here."""
    for line in await findings(connection(settings)):
        say(line)
