"""Days of plausible business through the sandbox's own endpoints, the same for the same seed.

Enters: a store with prices and a clock, days, a seed. Leaves: the clock that many days later.
What people decide is drawn; what Stripe makes of it is computed, by the code that serves it.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random

from sandbox import clock, periods, writing
from sandbox.billing import transitions
from sandbox.endpoints import WRITES
from sandbox.errors import StripeError
from sandbox.shapes import Json
from sandbox.store import Store

Pairs = list[tuple[str, str]]
_CARDS = ("pm_card_visa",) * 6 + ("pm_card_mastercard",) * 3 + ("pm_card_amex",)
_LIVE = "status IN ('active', 'trialing', 'past_due')"
_NOUNS = ("Acorn", "Beacon", "Cedar", "Delta", "Ember", "Falcon", "Granite", "Harbor", "Iris")
_TRADES = ("Analytics", "Bakery", "Clinics", "Design", "Energy", "Foods", "Labs", "Media")


@dataclass
class Scene:
    """The store, the dice, and what was done so far."""

    store: Store
    rng: Random
    done: Counter[str] = field(default_factory=Counter)

    def call(self, method: str, path: str, *pairs: tuple[str, object]) -> bool:
        """One request, as the SDK would send it; whether it was done."""
        found = writing.matched(WRITES, method, path)
        if found is None:
            raise ValueError(f"{method} {path}: no such endpoint")
        try:
            texts = [(name, str(value)) for name, value in pairs]
            return writing.answer(self.store, *found, texts).status == 200
        except StripeError:
            return False  # what people ask for is sometimes refused

    def any(self, kind: str, condition: str = "1") -> Json | None:
        """One of a kind, each as likely."""
        table = f"{kind}s"
        (count,) = self.store.one(f"SELECT count(*) FROM {table} WHERE {condition}")
        if not count:
            return None
        statement = f"SELECT id FROM {table} WHERE {condition} ORDER BY created, id LIMIT 1 OFFSET"
        (identity,) = self.store.one(f"{statement} {self.rng.randrange(count)}")
        return self.store.get(kind, identity)


def live(store: Store, days: int, seed: int) -> Counter[str]:
    """Let days pass with business in them; what was done, and how often."""
    scene = Scene(store, Random(seed))  # noqa: S311 - a seeded business
    calendar = transitions.Calendar(store)
    for _ in range(days):
        end = clock.now(store) + periods.DAY
        for moment in sorted(scene.rng.randrange(1, periods.DAY) for _ in range(_busy(scene))):
            calendar.advance(end - periods.DAY + moment)
            name, act = _drawn(scene.rng)
            scene.done[name if act(scene) else f"{name} (refused)"] += 1
        calendar.advance(end)
    return scene.done


def _busy(scene: Scene) -> int:
    """Two deeds a day, and more the more customers there are."""
    return 2 + scene.rng.randrange(3) + scene.store.count("customer") // 100


def _arrive(scene: Scene) -> bool:
    name = f"{scene.rng.choice(_NOUNS)} {scene.rng.choice(_TRADES)}"
    number = scene.store.count("customer") + 1
    pairs: Pairs = [
        ("name", name),
        ("email", f"billing.{number}@example.com"),
        ("metadata[account_id]", f"acct-{number:06d}"),
    ]
    if scene.rng.random() < 0.93:
        pairs.append(("payment_method", scene.rng.choice(_CARDS)))
    return scene.call("POST", "/v1/customers", *pairs) and _subscribe(scene)


def _subscribe(scene: Scene) -> bool:
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


def _switch(scene: Scene) -> bool:
    """Up or down, to another price in the same currency."""
    subscription = scene.any("subscription", _LIVE)
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


def _resize(scene: Scene) -> bool:
    subscription = scene.any("subscription", _LIVE)
    if subscription is None:
        return False
    item = scene.rng.choice(subscription["items"]["data"])
    quantity = max(1, (item.get("quantity") or 1) + scene.rng.randrange(-2, 5))
    return scene.call("POST", f"/v1/subscription_items/{item['id']}", ("quantity", quantity))


def _to(condition: str, *pairs: tuple[str, object], path: str = "", method: str = "POST") -> "Act":
    """A request about one subscription in a certain state."""

    def act(scene: Scene) -> bool:
        found = scene.any("subscription", condition)
        url = f"/v1/subscriptions/{found['id']}{path}" if found else ""
        return bool(found) and scene.call(method, url, *pairs)

    return act


def _lose_card(scene: Scene) -> bool:
    """From now on a customer's payments fail."""
    return _other_card(scene, "pm_card_chargeCustomerFail", "1")


def _renew_card(scene: Scene) -> bool:
    """Whoever is late gives another card; most pay then."""
    late = "json_extract(json, '$.delinquent')"
    found = scene.any("customer", late)
    if found is None or not _other_card(scene, "pm_card_visa", f"id = '{found['id']}'"):
        return False
    owed = scene.any("invoice", f"customer = '{found['id']}' AND status = 'open'")
    return owed is None or scene.call("POST", f"/v1/invoices/{owed['id']}/pay")


def _other_card(scene: Scene, card: str, condition: str) -> bool:
    customer = scene.any("customer", condition)
    if customer is None:
        return False
    path = f"/v1/payment_methods/{card}/attach"
    if not scene.call("POST", path, ("customer", customer["id"])):
        return False
    newest = "ORDER BY rowid DESC LIMIT 1"
    (made,) = scene.store.one(f"SELECT id FROM payment_methods WHERE customer = ? {newest}",
                              customer["id"])  # fmt: skip
    settings = ("invoice_settings[default_payment_method]", made)
    return scene.call("POST", f"/v1/customers/{customer['id']}", settings)


def _pay_late(scene: Scene) -> bool:
    sent = "status = 'open' AND json_extract(json, '$.collection_method') = 'send_invoice'"
    owed = scene.any("invoice", sent)
    out_of_band = ("paid_out_of_band", "true")
    return bool(owed) and scene.call("POST", f"/v1/invoices/{(owed or {})['id']}/pay", out_of_band)


def _rename(scene: Scene) -> bool:
    customer = scene.any("customer")
    name = f"{scene.rng.choice(_NOUNS)} {scene.rng.choice(_TRADES)}"
    return bool(customer) and scene.call(
        "POST", f"/v1/customers/{(customer or {})['id']}", ("name", name),
        ("metadata[segment]", scene.rng.choice(("", "startup", "enterprise"))),
    )  # fmt: skip


def _leave(scene: Scene) -> bool:
    customer = scene.any("customer")
    return bool(customer) and scene.call("DELETE", f"/v1/customers/{(customer or {})['id']}")


def _write_off(scene: Scene) -> bool:
    owed = scene.any("invoice", "status = 'open'")
    verb = scene.rng.choice(("void", "mark_uncollectible"))
    return bool(owed) and scene.call("POST", f"/v1/invoices/{(owed or {})['id']}/{verb}")


Act = Callable[[Scene], bool]
_ENDING = "json_extract(json, '$.cancel_at') IS NOT NULL AND status != 'canceled'"
# What happens in a business, how often in a thousand deeds, and by which requests.
DEEDS: tuple[tuple[str, int, Act], ...] = (
    ("a customer arrives", 300, _arrive),
    ("a customer subscribes", 90, _subscribe),
    ("another price", 110, _switch),
    ("another quantity", 110, _resize),
    ("cancel at period end", 50, _to(_LIVE, ("cancel_at_period_end", "true"))),
    ("cancel taken back", 30, _to(_ENDING, ("cancel_at_period_end", "false"))),
    ("cancel now", 25, _to(_LIVE, method="DELETE")),
    ("a card fails", 40, _lose_card),
    ("another card", 60, _renew_card),
    ("a sent invoice is paid", 40, _pay_late),
    ("an invoice is given up", 10, _write_off),
    ("a customer is renamed", 60, _rename),
    ("a customer is deleted", 8, _leave),
    ("collection is held", 12, _to(_LIVE, ("pause_collection[behavior]", "void"))),
    ("collection goes on", 12, _to(
        "json_extract(json, '$.pause_collection') IS NOT NULL", ("pause_collection", ""))),
    ("paused", 12, _to("status = 'active'", path="/pause")),
    ("resumed", 12, _to("status = 'paused'", path="/resume")),
    ("the trial ends early", 9, _to("status = 'trialing'", ("trial_end", "now"))),
)  # fmt: skip


def _drawn(rng: Random) -> tuple[str, Act]:
    name, _, act = rng.choices(DEEDS, [often for _, often, _ in DEEDS])[0]
    return name, act
