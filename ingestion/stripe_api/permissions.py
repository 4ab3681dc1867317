"""Which permissions a key needs, by Stripe's names, and the check before a full read.

Enters: a client. Leaves: nothing, or one error that names every missing permission at once. A
stream that a key may not read would otherwise be an empty table and a green run.
"""

import asyncio
from collections.abc import Collection

from ingestion.stripe_api.client import Client
from ingestion.stripe_api.refusals import PermissionMissing
from ingestion.stripe_api.streams import STREAMS

NEEDED = {**{stream.path: stream.permission for stream in STREAMS}, "/v1/events": "Events"}
READ = tuple(sorted(NEEDED.values()))  # to be ticked where a restricted key is made, and no other
OPTIONAL = {
    "Account": "else write the account's id before the key, acct_...:rk_...",
    "Webhook Endpoints": "'stripe-traits webhooks' compares its endpoint at Stripe",
}
ACCOUNT = {"/v1/account": "Account (or write its id before the key: acct_...:rk_...)"}


async def check_permissions(client: Client, *, besides: Collection[str] = ()) -> None:
    """One small request an endpoint, `besides` those. Raises PermissionMissing, StripeError."""
    needed = NEEDED if client.connection.stripe_account_id else NEEDED | ACCOUNT
    needed = {path: name for path, name in needed.items() if path not in besides}
    allowed = await asyncio.gather(*(_may_read(client, path) for path in needed))
    missing = [name for name, may in zip(needed.values(), allowed, strict=True) if not may]
    if missing:
        raise PermissionMissing(
            f"the key in STRIPE_API_KEY may not read: {', '.join(missing)}; allow 'Read' for each"
            " of them in Stripe's dashboard (Developers > API keys), then run it again;"
            " nothing was changed"
        )


async def _may_read(client: Client, path: str) -> bool:
    try:
        await client.get(path, {} if path in ACCOUNT else {"limit": 1})
    except PermissionMissing:
        return False
    return True
