"""The changes whose latency is measured: each of another account, and each changes a trait.

Enters: the world with its filled sandbox. Leaves: what to write where at Stripe; nothing is written
here.
"""

import itertools
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from benchmarks.live.world import World


@dataclass
class Change:
    """Of one account: which object, what is written; moments are Unix seconds."""

    account: str
    object_id: str
    path: str
    fields: dict[str, object]
    version: int = 0
    sent: float = 0.0
    arrived: float | None = None

    @property
    def seconds(self) -> float:
        return (self.arrived or float("inf")) - self.sent


def changes(built: World, most: int) -> Iterator[Change]:
    """A change of another account each: its name, or the seats of its one subscription.

    Each changes a trait: seats do where the account has no other subscription, and each seat costs
    the same.
    """
    held = list(_subscriptions(built))
    held_by = Counter(one["customer"] for one in held)
    only = (one for one in held if one["status"] == "active" and held_by[one["customer"]] == 1)
    sold = (one for one in only if _by_the_seat(one))
    for number, one in enumerate(itertools.islice(sold, most)):
        customer, (item,) = one["customer"], one["items"]["data"]
        if number % 2:
            seats = {"items[0][id]": item["id"], "items[0][quantity]": item["quantity"] + 1}
            yield Change(customer, one["id"], f"/v1/subscriptions/{one['id']}", seats)
        else:
            fields: dict[str, object] = {"name": f"Renamed {number}"}
            yield Change(customer, customer, f"/v1/customers/{customer}", fields)


def _by_the_seat(subscription: Any) -> bool:
    item, *others = subscription["items"]["data"]
    price = item["price"]
    plain = price["unit_amount"] and not price["transform_quantity"]
    return bool(item.get("quantity") and plain) and not others


def _subscriptions(built: World) -> Iterator[Any]:
    asked: dict[str, object] = {"status": "all", "limit": 100}
    while True:
        answer = built.stripe.get("/v1/subscriptions", params=asked).json()
        yield from answer["data"]
        if not answer["has_more"]:
            return
        asked["starting_after"] = answer["data"][-1]["id"]
