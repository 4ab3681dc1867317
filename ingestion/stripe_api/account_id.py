"""Which Stripe account a connection opens.

Enters: a client. Leaves: the account's id, or a refusal with its remedy. A row without it could be
any account's, so that nothing is read before it is known.
"""

from ingestion.stripe_api.client import Client
from ingestion.stripe_api.permissions import check_permissions
from ingestion.stripe_api.refusals import PermissionMissing, StripeError


async def account_id(client: Client) -> str:
    """The id as Stripe tells it; as the settings say it where the key may not ask.

    Raises StripeError where both are silent, or speak of different accounts.
    """
    expected = client.connection.stripe_account_id
    try:
        found: str = (await client.get("/v1/account"))["id"]
    except PermissionMissing:
        if expected:
            return expected
        await check_permissions(client)  # names this one and every other that is missing
        raise
    if expected and found != expected:
        raise StripeError(
            f"the key in STRIPE_API_KEY opens the Stripe account {found}, not {expected}: set the"
            " key of that account; nothing was changed"
        )
    return found
