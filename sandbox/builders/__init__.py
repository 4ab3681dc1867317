"""Complete, valid Stripe objects from the few values that matter; deterministic, keyword-only.

Every builder takes further fields of its object by name and refuses a name that Stripe's object
does not have. `id` is the caller's; money is in minor units; times are unix seconds.
"""

from sandbox.builders.billing import item, subscription
from sandbox.builders.catalogue import (
    CREATED,
    coupon,
    discount,
    plan,
    price,
    product,
    tier,
)
from sandbox.builders.events import event
from sandbox.builders.invoices import invoice
from sandbox.builders.lines import line, tax
from sandbox.builders.people import card, customer, deleted, payment_method

__all__ = [
    "CREATED",
    "card",
    "coupon",
    "customer",
    "deleted",
    "discount",
    "event",
    "invoice",
    "item",
    "line",
    "payment_method",
    "plan",
    "price",
    "product",
    "subscription",
    "tax",
    "tier",
]
