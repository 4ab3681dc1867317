"""Every endpoint that changes something, in one table: what it takes and what it does."""

from sandbox.endpoints import catalogue, control, invoices, people, subscriptions
from sandbox.writing import Write

WRITES: tuple[Write, ...] = (
    *people.WRITES,
    *catalogue.WRITES,
    *subscriptions.WRITES,
    *invoices.WRITES,
    *control.WRITES,
)

__all__ = ["WRITES"]
