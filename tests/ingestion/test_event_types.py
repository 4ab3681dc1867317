"""Every event type of the objects that are landed is read, or left out by name."""

from typing import get_args

from stripe.params import _webhook_endpoint_create_params as sdk

from ingestion.stripe_api.event_types import IGNORED, POINTERS

OBJECTS = ("customer", "invoice", "price", "product", "plan", "coupon", "payment_method")


def sdk_types() -> set[str]:
    """The types that the official SDK knows: those an endpoint can be told to get."""
    annotation = sdk.WebhookEndpointCreateParams.__annotations__["enabled_events"]
    (literal,) = get_args(annotation)
    return set(get_args(literal))


def test_every_type_of_these_objects_is_read_or_ignored_by_name() -> None:
    ours = {name for name in sdk_types() if name.partition(".")[0] in OBJECTS}
    assert len(ours) > 50
    assert POINTERS.keys() | IGNORED == ours
    assert POINTERS.keys().isdisjoint(IGNORED)
