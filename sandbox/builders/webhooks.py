"""Webhook endpoints: an address and the types of events that it wants enter."""
# ruff: noqa: A002  arguments are named as Stripe names its fields

from collections.abc import Sequence
from typing import Any

from sandbox.builders.catalogue import CREATED
from sandbox.shapes import Json, fill


def webhook_endpoint(
    *,
    id: str,
    url: str,
    enabled_events: Sequence[str] = ("*",),
    api_version: str | None = None,
    created: int = CREATED,
    **fields: Any,
) -> Json:
    """An endpoint as Stripe shows it: without its secret. `api_version` None is the account's."""
    known = {
        "id": id,
        "url": url,
        "enabled_events": list(enabled_events),
        "api_version": api_version,
        "created": created,
    }
    return fill("webhook_endpoint", known, fields)
