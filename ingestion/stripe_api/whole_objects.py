"""What an object of Stripe's carries in part only, fetched until it is whole.

Enters: an object as a list or a read gave it. Leaves: the same, with every element of its nested
list and the tiers of its other currencies. Not here: which objects are read (reader.py).
"""

from typing import Any
from urllib.parse import quote

from ingestion.stripe_api import list_page
from ingestion.stripe_api.client import Client
from ingestion.stripe_api.list_page import PAGE
from ingestion.stripe_api.refusals import NotFound
from ingestion.stripe_api.streams import Nested, Stream


async def complete(client: Client, stream: Stream, found: Any) -> bool:
    """Fetch what the object carries in part: a nested list, with ten elements or bare coupon ids,
    or its other currencies, without their tiers.

    False where the object, or the element that the next page begins after, is there no longer.
    """
    if stream.option_tiers and (untiered := _untiered(found)):
        return await _add_option_tiers(client, stream, found, untiered)
    nested = stream.nested
    carried = found.get(nested.name) if nested else None
    if nested is None or not carried or not (carried["has_more"] or _has_bare_coupon(carried)):
        return True
    try:
        whole = [element async for element in _nested_elements(client, nested, found["id"])]
    except NotFound:
        return False
    found[nested.name] = {**carried, "data": whole, "has_more": False}
    return True


def _has_bare_coupon(carried: Any) -> bool:
    """Four levels of expand end above an item's coupon; one that was deleted is in no list."""
    discounts = (d for element in carried["data"] for d in element.get("discounts") or ())
    return any(isinstance(d, dict) and _is_bare(d.get("source")) for d in discounts)


def _is_bare(source: Any) -> bool:
    return isinstance(source, dict) and isinstance(source.get("coupon"), str)


def _untiered(price: Any) -> list[str]:
    """Currencies in which a tiered price has tiers that were not shown."""
    if price.get("billing_scheme") != "tiered":
        return []
    options = sorted((price.get("currency_options") or {}).items())
    return [name for name, option in options if name != price["currency"] and "tiers" not in option]


async def _add_option_tiers(
    client: Client, stream: Stream, price: Any, currencies: list[str]
) -> bool:
    """Stripe takes `currency_options.tiers` without a word, and shows none; it has to be
    `currency_options.eur.tiers`."""
    expand = [*stream.expand, *(f"currency_options.{name}.tiers" for name in currencies)]
    path = f"{stream.path}/{quote(price['id'], safe='')}"
    try:
        whole = await client.get(path, {"expand": expand})
    except NotFound:
        return False
    price.clear()
    price.update(whole)
    return True


async def _nested_elements(client: Client, nested: Nested, parent: str) -> Any:
    parameters: dict[str, str | int | list[str]] = {
        "limit": PAGE,
        "expand": [f"data.{path}" for path in nested.expand],
    }
    if nested.parent_parameter:
        parameters[nested.parent_parameter] = parent
    while True:
        answer = await client.get(nested.path.format(id=quote(parent, safe="")), parameters)
        for element in list_page.objects(answer, nested.path):
            yield element
        last = list_page.following(answer, nested.path)
        if last is None:
            return
        parameters["starting_after"] = last
