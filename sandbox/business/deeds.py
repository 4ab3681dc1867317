"""What happens in the sandbox's business, how often, and by which requests.

Enters: a scene. Leaves: deeds to draw from; each says whether Stripe did what was asked for.
"""

from collections.abc import Callable

from sandbox.business.buying import resize, subscribe, switch
from sandbox.business.scene import LIVE, Scene

_CARDS = ("pm_card_visa",) * 6 + ("pm_card_mastercard",) * 3 + ("pm_card_amex",)
_NOUNS = ("Acorn", "Beacon", "Cedar", "Delta", "Ember", "Falcon", "Granite", "Harbor", "Iris")
_TRADES = ("Analytics", "Bakery", "Clinics", "Design", "Energy", "Foods", "Labs", "Media")
Pairs = list[tuple[str, str]]
Act = Callable[[Scene], bool]


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
    return scene.call("POST", "/v1/customers", *pairs) and subscribe(scene)


def _to(condition: str, *pairs: tuple[str, object], path: str = "", method: str = "POST") -> Act:
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


_ENDING = "json_extract(json, '$.cancel_at') IS NOT NULL AND status != 'canceled'"
# What happens in a business, how often in a thousand deeds, and by which requests.
DEEDS: tuple[tuple[str, int, Act], ...] = (
    ("a customer arrives", 300, _arrive),
    ("a customer subscribes", 90, subscribe),
    ("another price", 110, switch),
    ("another quantity", 110, resize),
    ("cancel at period end", 50, _to(LIVE, ("cancel_at_period_end", "true"))),
    ("cancel taken back", 30, _to(_ENDING, ("cancel_at_period_end", "false"))),
    ("cancel now", 25, _to(LIVE, method="DELETE")),
    ("a card fails", 40, _lose_card),
    ("another card", 60, _renew_card),
    ("a sent invoice is paid", 40, _pay_late),
    ("an invoice is given up", 10, _write_off),
    ("a customer is renamed", 60, _rename),
    ("a customer is deleted", 8, _leave),
    ("collection is held", 12, _to(LIVE, ("pause_collection[behavior]", "void"))),
    ("collection goes on", 12, _to(
        "json_extract(json, '$.pause_collection') IS NOT NULL", ("pause_collection", ""))),
    ("paused", 12, _to("status = 'active'", path="/pause")),
    ("resumed", 12, _to("status = 'paused'", path="/resume")),
    ("the trial ends early", 9, _to("status = 'trialing'", ("trial_end", "now"))),
)  # fmt: skip
