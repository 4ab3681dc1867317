"""What people buy in the sandbox's business: subscriptions, other prices, other quantities.

Enters: a scene. Leaves: whether the request that was drawn was done.
"""

from collections.abc import Iterator

from sandbox.business.scene import LIVE, Scene
from sandbox.shapes import Json


def subscribe(scene: Scene) -> bool:
    """The newest customer, or one that comes back."""
    newest = "id = (SELECT id FROM customers ORDER BY created DESC, id DESC LIMIT 1)"
    customer = scene.any("customer", newest if scene.rng.random() < 0.8 else "1")
    if customer is None:
        return False
    pairs: list[tuple[str, object]] = [("customer", customer["id"])]
    currency = customer["currency"] or scene.rng.choice(("usd", "usd", "usd", "eur"))
    for index, price in enumerate(_prices(scene, currency)):
        pairs.append((f"items[{index}][price]", price["id"]))
        pairs += _quantity(scene, price, f"items[{index}][quantity]")
    if scene.rng.random() < 0.3:
        pairs.append(("trial_period_days", scene.rng.choice((7, 14))))
    if scene.rng.random() < 0.2:
        pairs += _coupon(scene)
    if scene.rng.random() < 0.05:
        pairs += [("collection_method", "send_invoice"), ("days_until_due", 14)]
    return scene.call("POST", "/v1/subscriptions", *pairs)


def _prices(scene: Scene, currency: str) -> Iterator[Json]:
    sold = (
        f"json_extract(json, '$.active') AND json_extract(json, '$.currency') = '{currency}'"
        " AND json_extract(json, '$.type') = 'recurring'"
    )
    first = scene.any("price", sold) or scene.any("price", sold.replace(currency, "usd"))
    if first is None:
        return
    yield first
    second = scene.any("price", sold) if scene.rng.random() < 0.15 else None
    if second and second["id"] != first["id"]:
        yield second


def _coupon(scene: Scene) -> list[tuple[str, object]]:
    coupon = scene.any("coupon", "json_extract(json, '$.valid')")
    return [("discounts[0][coupon]", coupon["id"])] if coupon else []


def switch(scene: Scene) -> bool:
    """Up or down, to another price in the same currency."""
    subscription = scene.any("subscription", LIVE)
    if subscription is None:
        return False
    item = scene.rng.choice(subscription["items"]["data"])
    price = next(_prices(scene, subscription["currency"]), None)
    if price is None:
        return False
    # Thousands of contacts are not thousands of seats.
    quantity = _quantity(scene, price, "quantity")
    url = f"/v1/subscription_items/{item['id']}"
    return scene.call("POST", url, ("price", price["id"]), *quantity)


def _quantity(scene: Scene, price: Json, parameter: str) -> list[tuple[str, object]]:
    """How many of a price are bought at first; metered use has no quantity."""
    if price["recurring"]["usage_type"] != "licensed":
        return []
    return [(parameter, scene.rng.choice((1, 1, 1, 2, 5, 12)))]


def resize(scene: Scene) -> bool:
    subscription = scene.any("subscription", LIVE)
    if subscription is None:
        return False
    item = scene.rng.choice(subscription["items"]["data"])
    quantity = max(1, (item.get("quantity") or 1) + scene.rng.randrange(-2, 5))
    return scene.call("POST", f"/v1/subscription_items/{item['id']}", ("quantity", quantity))
