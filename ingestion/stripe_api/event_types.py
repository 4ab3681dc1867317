"""Which objects an event of each type points at.

Enters: events as Stripe sends them. Leaves: pointers (stream, id); payloads are never loaded.
"""

from collections.abc import Callable, Iterator
from typing import Any

Pointer = tuple[str, str]


def _itself(stream: str) -> Callable[[Any], Iterator[Pointer]]:
    return lambda found: iter([(stream, found["id"])])


def _source(found: Any) -> Iterator[Pointer]:
    """A card is served as a payment method too. A subscription can name it as its own."""
    yield from _owners(found)
    yield "payment_methods", found["id"]


def _owners(found: Any) -> Iterator[Pointer]:
    """A discount or a card changes what it hangs on."""
    for field, stream in (("customer", "customers"), ("subscription", "subscriptions")):
        owner = found.get(field)
        if owner:
            yield stream, owner["id"] if isinstance(owner, dict) else owner


_ACTIONS = ("created", "updated", "deleted")


def _types(kind: str, *actions: str) -> tuple[str, ...]:
    return tuple(f"{kind}.{action}" for action in actions or _ACTIONS)


SUBSCRIPTION_ACTIONS = (
    *_ACTIONS,
    "paused",
    "resumed",
    "pending_update_applied",
    "pending_update_expired",
    "trial_will_end",
)
INVOICE_ACTIONS = (
    "finalized",
    "paid",
    "payment_action_required",
    "payment_failed",
    "payment_succeeded",
    "updated",
    "voided",
    "marked_uncollectible",
    "deleted",
)
PAYMENT_METHOD_ACTIONS = ("attached", "automatically_updated", "detached", "updated")

# Every type that is read, and what it points at.
POINTERS: dict[str, Callable[[Any], Iterator[Pointer]]] = {
    **dict.fromkeys(_types("customer"), _itself("customers")),
    **dict.fromkeys(_types("customer.discount"), _owners),
    **dict.fromkeys(_types("customer.source"), _source),
    **dict.fromkeys(
        _types("customer.subscription", *SUBSCRIPTION_ACTIONS), _itself("subscriptions")
    ),
    **dict.fromkeys(_types("invoice", *INVOICE_ACTIONS), _itself("invoices")),
    **dict.fromkeys(_types("payment_method", *PAYMENT_METHOD_ACTIONS), _itself("payment_methods")),
    **dict.fromkeys(_types("price"), _itself("prices")),
    **dict.fromkeys(_types("plan"), _itself("prices")),
    **dict.fromkeys(_types("product"), _itself("products")),
    **dict.fromkeys(_types("coupon"), _itself("coupons")),
}
# Types of the same objects that change none of our rows: a draft of an invoice, what is only
# announced or asked for, and what we keep nothing of. A new type of Stripe's fails a test until it
# stands here or above.
IGNORED = frozenset(
    {
        "customer.source.expiring",
        *_types("customer.tax_id"),
        *_types(
            "invoice",
            "created",
            "finalization_failed",
            "overdue",
            "overpaid",
            "payment_attempt_required",
            "sent",
            "upcoming",
            "will_be_due",
        ),
    }
)


def pointers(event: Any) -> list[Pointer]:
    """The objects to read again because of this event; none for a type that changes no table."""
    point = POINTERS.get(event["type"])
    return list(point(event["data"]["object"])) if point else []
