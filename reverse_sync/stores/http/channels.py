"""From a target to the channel of a store behind HTTP: address, secret, rate budget.

Enters: the target. Leaves: the channel and its address, or one line that names what is wrong. No
request.
"""

from outgoing_http.rate_budget import RateBudget
from reverse_sync.stores.http import address as addresses
from reverse_sync.stores.http.address import Address
from reverse_sync.stores.http.client import HttpClient, checked_secret
from reverse_sync.stores.http.segment import Segment
from reverse_sync.stores.http.store import Channel
from reverse_sync.stores.http.vitally import REQUESTS_PER_MINUTE as VITALLY_PER_MINUTE
from reverse_sync.stores.http.vitally import Vitally
from reverse_sync.stores.http.webhook import Webhook
from reverse_sync.stores.target import Target

FOLDER = "limits"


def webhook(target: Target) -> tuple[Channel, Address]:
    """The channel to a receiver of one's own."""
    address = addresses.webhook(target.url)
    secret = checked_secret(target.secret, what="the key that signs what the receiver gets")
    client = HttpClient(address, secret=secret, budget=_budget(target, address, None))
    return Webhook(client, secret=secret, group_size=target.accounts_per_request), address


def vitally(target: Target) -> tuple[Channel, Address]:
    """The channel to a Vitally workspace; its key is the user of basic auth."""
    address = addresses.vitally(target.url)
    secret = checked_secret(target.secret, what="the workspace's REST API key")
    budget = _budget(target, address, VITALLY_PER_MINUTE)
    client = HttpClient(address, secret=secret, budget=budget, auth=(secret, ""))
    return Vitally(client, named=target.rules.name), address


def segment(target: Target) -> tuple[Channel, Address]:
    """The channel to a Segment source; its write key is the user of basic auth."""
    address = addresses.segment(target.url)
    secret = checked_secret(target.secret, what="the source's write key")
    budget = _budget(target, address, None)
    return Segment(HttpClient(address, secret=secret, budget=budget, auth=(secret, ""))), address


def hubspot(target: Target) -> tuple[Channel, Address]:
    """The channel to a HubSpot account, by the access token of a private app."""
    from reverse_sync.stores.http.crm.hubspot import REQUESTS_PER_MINUTE, HubSpot

    address = addresses.hubspot(target.url)
    secret = checked_secret(target.secret, what="the access token of a private app")
    budget = _budget(target, address, REQUESTS_PER_MINUTE)
    client = HttpClient(address, secret=secret, budget=budget, headers=_bearer(secret))
    ours = target.rules.trait
    return HubSpot(client, id_property=addresses.hubspot_id(target.url), ours=ours), address


def intercom(target: Target) -> tuple[Channel, Address]:
    """The channel to an Intercom workspace, by the access token of an app."""
    from reverse_sync.stores.http.crm.intercom import REQUESTS_PER_MINUTE, VERSION, Intercom

    address = addresses.intercom(target.url)
    secret = checked_secret(target.secret, what="the access token of an app")
    budget = _budget(target, address, REQUESTS_PER_MINUTE)
    headers = {**_bearer(secret), **VERSION}
    return Intercom(HttpClient(address, secret=secret, budget=budget, headers=headers)), address


def _bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def _budget(target: Target, address: Address, documented: float | None) -> RateBudget:
    return RateBudget.per_minute(
        target.folder / FOLDER,
        server=address.identity,
        requests=target.requests_per_minute or documented,
    )
