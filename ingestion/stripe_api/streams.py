"""The table of streams: what is listed at Stripe, with which parameters and expands.

Enters: nothing. Leaves: `STREAMS`, and `LISTS`, by name, which are read to have them all.
Expands are given as seen from one object; a list adds `data.`, which counts towards Stripe's limit
of four levels.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace


@dataclass(frozen=True)
class Nested:
    """A nested list that carries at most ten elements: where its remaining pages are served."""

    name: str
    path: str  # may contain {id}, the parent's id
    parent_parameter: str | None = None
    expand: tuple[str, ...] = ()


@dataclass(frozen=True)
class Stream:
    """One kind of object at Stripe. `listed` is False where it is read by id only."""

    name: str
    path: str
    parameters: dict[str, str] = field(default_factory=dict)
    expand: tuple[str, ...] = ()
    nested: Nested | None = None
    option_tiers: bool = False  # its other currencies' tiers are shown by the name of each only
    listed: bool = True
    # A field and the values that are read, each by a list of its own, as Stripe filters on one.
    only: tuple[str, tuple[str, ...]] | None = None
    others: tuple[str, ...] = ()  # that field's other values
    permission: str = ""


STREAMS = (
    Stream(
        "customers",
        "/v1/customers",
        expand=(
            "discount.source.coupon",
            "invoice_settings.default_payment_method",
            "default_source",
        ),
        permission="Customers",
    ),
    Stream(
        "subscriptions",
        "/v1/subscriptions",
        # Without status=all Stripe leaves the canceled ones out.
        parameters={"status": "all"},
        expand=(
            "discounts.source.coupon",
            "items.data.discounts",
            "default_payment_method",
            "default_source",
        ),
        nested=Nested(
            "items", "/v1/subscription_items", "subscription", ("discounts.source.coupon",)
        ),
        permission="Subscriptions",
    ),
    Stream(
        "invoices",
        "/v1/invoices",
        only=("status", ("paid", "open")),
        others=("draft", "uncollectible", "void"),
        expand=("total_discount_amounts.discount",),
        nested=Nested("lines", "/v1/invoices/{id}/lines"),
        permission="Invoices",
    ),
    Stream(
        "prices",
        "/v1/prices",
        expand=("tiers", "currency_options"),
        option_tiers=True,
        permission="Prices",
    ),
    Stream("products", "/v1/products", permission="Products"),
    Stream(
        "coupons", "/v1/coupons", expand=("applies_to", "currency_options"), permission="Coupons"
    ),
    Stream("payment_methods", "/v1/payment_methods", listed=False, permission="Payment Methods"),
)
BY_NAME = {stream.name: stream for stream in STREAMS}


def _lists(stream: Stream) -> Iterator[tuple[str, Stream]]:
    if not stream.only:
        yield stream.name, stream
        return
    name, values = stream.only
    for value in values:
        parameters = {**stream.parameters, name: value}
        yield f"{stream.name}?{name}={value}", replace(stream, parameters=parameters)


LISTS = {name: listed for stream in STREAMS if stream.listed for name, listed in _lists(stream)}
LISTED = tuple(LISTS.values())
