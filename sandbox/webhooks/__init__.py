"""Webhooks: who wants which events, what is owed to them, and the deliveries over HTTP."""

from sandbox.webhooks.settings import Deliveries

__all__ = ["Deliveries"]
