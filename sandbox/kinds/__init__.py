"""The one table of object kinds: it drives routes, columns, filters, expands and events.

A kind that the sandbox does not have yet is one more entry here; no other module names a kind
except where Stripe treats it unlike all others (`store`: plans follow prices, a customer's
deletion).
"""

from collections.abc import Mapping

from sandbox.kinds import catalogue, events_and_webhooks, invoices, people, subscriptions
from sandbox.kinds.words import NOTHING, Filter, Kind, Transition

__all__ = ["APART", "KINDS", "NESTED", "NOTHING", "Filter", "Kind", "Transition"]

_KINDS = (
    people.CUSTOMER,
    subscriptions.SUBSCRIPTION,
    subscriptions.SUBSCRIPTION_ITEM,
    invoices.INVOICE,
    invoices.LINE_ITEM,
    invoices.INVOICEITEM,
    catalogue.PRICE,
    catalogue.PLAN,
    catalogue.PRODUCT,
    catalogue.COUPON,
    subscriptions.DISCOUNT,
    people.PAYMENT_METHOD,
    people.CARD,
    events_and_webhooks.EVENT,
    events_and_webhooks.WEBHOOK_ENDPOINT,
)

KINDS: Mapping[str, Kind] = {kind.name: kind for kind in _KINDS}

# Served as well, although the SDK has another name for their service than for their path.
APART = ("invoiceitem",)

# Lists under one object: path under /v1, the owner's kind, the elements' kind.
NESTED = (
    ("customers/{id}/payment_methods", "customer", "payment_method"),
    ("customers/{id}/sources", "customer", "card"),
    ("customers/{id}/subscriptions", "customer", "subscription"),
    ("invoices/{id}/lines", "invoice", "line_item"),
)
