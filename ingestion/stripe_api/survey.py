"""What a Stripe account itself says about the two questions of the set-up.

Enters: a client. Leaves: which metadata keys its customers carry and how many customers have
several subscriptions. Counts and the names of keys alone: no value, which may be personal.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from ingestion.stripe_api.client import Client
from ingestion.stripe_api.list_page import PAGE

MOST = 10_000  # of each list, the newest first: enough to tell, and half a minute at most
ENDED = ("canceled", "incomplete_expired")


@dataclass(frozen=True)
class MetadataKey:
    """A metadata key: the customers with a value that is not blank, and the different values."""

    key: str
    customers: int
    values: int


@dataclass(frozen=True)
class Evidence:
    """Counts over the newest customers and subscriptions; `whole` if that is all of them.

    `several` counts customers with more than one subscription that has not ended.
    """

    customers: int
    keys: tuple[MetadataKey, ...]
    subscribed: int
    several: int
    whole: bool


async def gather(client: Client, *, most: int = MOST) -> Evidence:
    """Reads up to `most` customers and subscriptions. Raises StripeError, PermissionMissing."""
    customers, subscriptions = await asyncio.gather(
        _customers(client, most), _subscriptions(client, most)
    )
    (seen, values), per_customer = customers, subscriptions
    keys = [MetadataKey(key, sum(of.values()), len(of)) for key, of in values.items()]
    return Evidence(
        customers=seen,
        keys=tuple(sorted(keys, key=lambda found: (-found.customers, found.key))),
        subscribed=len(per_customer),
        several=sum(number > 1 for number in per_customer.values()),
        whole=seen < most and per_customer.total() < most,
    )


async def _customers(client: Client, most: int) -> tuple[int, dict[str, Counter[str]]]:
    values: dict[str, Counter[str]] = defaultdict(Counter)
    seen = 0
    async for customer in _newest(client, "/v1/customers", most):
        seen += 1
        for key, value in (customer.get("metadata") or {}).items():
            if value.strip():
                values[key][value.strip()] += 1
    return seen, values


async def _subscriptions(client: Client, most: int) -> Counter[str]:
    return Counter(
        [
            subscription["customer"]
            async for subscription in _newest(client, "/v1/subscriptions", most)
            if subscription["status"] not in ENDED
        ]
    )


async def _newest(client: Client, path: str, most: int) -> AsyncIterator[Any]:
    parameters: dict[str, str | int | list[str]] = {"limit": PAGE}
    for _ in range(0, most, PAGE):
        answer = await client.get(path, parameters)
        for found in answer["data"]:
            yield found
        if not answer["has_more"]:
            return
        parameters["starting_after"] = answer["data"][-1]["id"]
