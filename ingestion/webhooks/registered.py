"""The webhook endpoints as they are set at Stripe, compared with what this receiver expects.

Enters: how Stripe is reached. Leaves: lines for the operator, one a finding. They are warnings: an
event is a pointer, whatever its shape, and the poll brings what an endpoint does not send.
"""

from typing import Any
from urllib.parse import urlsplit

from ingestion.stripe_api.client import Client
from ingestion.stripe_api.connection import Connection
from ingestion.stripe_api.event_types import POINTERS
from ingestion.stripe_api.list_page import objects
from ingestion.stripe_api.refusals import PermissionMissing, StripeError
from ingestion.webhooks.app import PATH

LISTED = "/v1/webhook_endpoints"


async def findings(connection: Connection) -> list[str]:
    """What differs at Stripe; a line too where it could not be asked."""
    try:
        async with Client(connection) as client:
            answer = await client.get(LISTED, {"limit": 100})
            return compared(objects(answer, LISTED), version=connection.api_version)
    except PermissionMissing:
        return [
            "webhook endpoints were not compared: the key in STRIPE_API_KEY may not read them;"
            " allow 'Read' for Webhook Endpoints to have it done"
        ]
    except StripeError as error:
        return [f"webhook endpoints were not compared: {error}"]


def compared(endpoints: list[Any], *, version: str) -> list[str]:
    """Findings about the enabled endpoints whose address ends in our path."""
    ours = [
        endpoint
        for endpoint in endpoints
        if endpoint["status"] == "enabled"
        and urlsplit(endpoint["url"]).path.rstrip("/").endswith(PATH)
    ]
    if not ours:
        return [
            f"no enabled webhook endpoint at Stripe has an address that ends in {PATH}: register"
            " one, or its events arrive by poll alone"
        ]
    return [line for endpoint in ours for line in _about(endpoint, version)]


def _about(endpoint: Any, version: str) -> list[str]:
    found = []
    if endpoint["api_version"] != version:
        found.append(
            f"webhook endpoint {endpoint['id']} sends version"
            f" {endpoint['api_version'] or 'of the account'}, STRIPE_API_VERSION is {version}:"
            " objects are read at the latter all the same"
        )
    types = set(endpoint["enabled_events"])
    missing = set() if "*" in types else set(POINTERS) - types
    if missing:
        found.append(
            f"webhook endpoint {endpoint['id']} does not send {len(missing)} of the event types"
            f" that are read ({', '.join(sorted(missing)[:3])} ...): they come by poll alone"
        )
    return found
