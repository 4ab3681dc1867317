"""Which discounts a subscription's lines carry, and what an item costs with them.

Enters: a subscription and its lines. Leaves: the lines with their discounts, and those used up.
"""

from collections.abc import Sequence

from sandbox.billing.lines import Charge, charged, discount
from sandbox.books import Books
from sandbox.shapes import Json


def apply(books: Books, subscription: Json, made: Sequence[Json]) -> list[str]:
    """Item discounts first, then the subscription's, the customer's only where it has none."""
    used: list[str] = []
    items = subscription["items"]["data"]
    for item in items:
        own = [line for line in made if _of_item(line, item["id"])]
        used += discount(books, own, item["discounts"])
    shared = not subscription["discounts"] and not any(item["discounts"] for item in items)
    customer = books.get("customer", subscription["customer"])
    carried = subscription["discounts"]
    if shared and customer["discount"]:
        carried = [customer["discount"]["id"]]
    return used + discount(books, made, carried)


def net_amount(books: Books, subscription: Json, item: Json) -> int:
    """What an item costs for a whole period, less its share of the discounts."""
    others = [one for one in subscription["items"]["data"] if one["id"] != item["id"]]
    among = subscription | {"items": {"data": [*others, item]}}
    made = [charged(books, Charge(one, 0, 0)) for one in (*others, item)]
    apply(books, among, made)
    return int(made[-1]["amount"] - sum(cut["amount"] for cut in made[-1]["discount_amounts"]))


def _of_item(line: Json, item: str) -> bool:
    detail = line["parent"].get("subscription_item_details")
    return bool(detail and detail["subscription_item"] == item)
