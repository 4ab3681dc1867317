"""Events: an object's snapshot and what it was before enter, a complete event leaves."""
# ruff: noqa: A002  arguments are named as Stripe names its fields, and are as many

from typing import Any

from sandbox.shapes import Json, fill


def event(
    *,
    id: str,
    type: str,
    object: Json,
    created: int,
    previous_attributes: Json | None = None,
    **fields: Any,
) -> Json:
    """An event; `previous_attributes` is there for updates alone, as at Stripe."""
    data: Json = {"object": object}
    if previous_attributes is not None:
        data["previous_attributes"] = previous_attributes
    return fill("event", {"id": id, "type": type, "created": created, "data": data}, fields)
