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
from sandbox.builders.invoice_items import invoice_item
from sandbox.builders.invoices import invoice
from sandbox.builders.lines import line, pretax, tax
from sandbox.builders.people import card, customer, deleted, of_card, payment_method
from sandbox.builders.webhooks import webhook_endpoint

__all__ = [
    "CREATED",
    "card",
    "coupon",
    "customer",
    "deleted",
    "discount",
    "event",
    "invoice",
    "invoice_item",
    "item",
    "line",
    "of_card",
    "payment_method",
    "plan",
    "pretax",
    "price",
    "product",
    "subscription",
    "tax",
    "tier",
    "webhook_endpoint",
]
