"""Every endpoint of Stripe's that changes something, in one table."""

from sandbox.endpoints import catalogue, invoice_items, invoices, people, subscriptions, webhooks
from sandbox.http.writing import Write

WRITES: tuple[Write, ...] = (
    *people.WRITES,
    *catalogue.WRITES,
    *subscriptions.WRITES,
    *invoices.WRITES,
    *invoice_items.WRITES,
    *webhooks.WRITES,
)

__all__ = ["WRITES"]
