"""Short ways to say the Stripe objects of the worked examples; one account each, named by its id.

Enters: the values that matter, times as ISO text. Leaves: complete objects from the builders.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sandbox import builders

Json = dict[str, Any]


def moment(text: str) -> datetime:
    """A UTC date or time in ISO form, as the warehouse keeps it: without a zone."""
    return datetime.fromisoformat(text)


def at(text: str) -> int:
    """The same in Unix seconds, as Stripe sends it."""
    return int(moment(text).replace(tzinfo=UTC).timestamp())


def customer(account: str, suffix: str = "", **fields: Any) -> Json:
    """A customer of `account`; the suffix tells several of one account apart."""
    metadata = {"account_id": account} | fields.pop("metadata", {})
    return builders.customer(
        id=f"cus_{account}{suffix}",
        name=f"Customer {account}",
        email=f"{account.lower()}@example.com",
        metadata=metadata,
        **fields,
    )


def price(account: str, unit_amount: int | None = None, suffix: str = "", **fields: Any) -> Json:
    """A price of its own for the account."""
    return builders.price(id=f"price_{account}{suffix}", unit_amount=unit_amount, **fields)


def subscription(
    account: str,
    prices: Sequence[Json | tuple[Json, int | None]],
    *,
    suffix: str = "",
    owner: str = "",
    ends: Sequence[str] = ("2025-07-01",),
    item_discounts: Sequence[Sequence[Json]] = (),
    **fields: Any,
) -> Json:
    """A subscription over prices, each with its quantity (1 unless said) and its period's end."""
    pairs = [one if isinstance(one, tuple) else (one, 1) for one in prices]
    items = [
        builders.item(
            price=sold,
            quantity=quantity,
            current_period_start=at("2025-06-01"),
            current_period_end=at(ends[min(index, len(ends) - 1)]),
            discounts=item_discounts[index] if item_discounts else (),
        )
        for index, (sold, quantity) in enumerate(pairs)
    ]
    return builders.subscription(
        id=f"sub_{account}{suffix}", customer=f"cus_{account}{owner}", items=items, **fields
    )


def paid(account: str, total: int, suffix: str = "", **fields: Any) -> Json:
    """A paid invoice of the account's customer, for its subscription unless said otherwise."""
    fields = {"subscription": f"sub_{account}{suffix}", "created": at("2025-06-01")} | fields
    owner = fields.pop("owner", "")
    return builders.invoice(
        id=f"in_{account}{suffix}", customer=f"cus_{account}{owner}", total=total, **fields
    )


def percent(name: str, percent_off: float, **fields: Any) -> Json:
    """A percent coupon."""
    return builders.coupon(id=name, percent_off=percent_off, **fields)


def off(name: str, amount_off: int, **fields: Any) -> Json:
    """A coupon that takes off an amount."""
    return builders.coupon(id=name, amount_off=amount_off, **fields)


def given(coupon: Json, **fields: Any) -> Json:
    """A coupon in use."""
    return builders.discount(coupon=coupon, **fields)


def simple(account: str, unit_amount: int, quantity: int | None = 1, **fields: Any) -> list[Json]:
    """Customer, price and subscription: one item; price fields are told from the others."""
    of_price = {
        name: fields.pop(name)
        for name in ("interval", "interval_count", "currency", "usage_type", "transform_quantity")
        if name in fields
    }
    sold = price(account, unit_amount, **of_price)
    return [customer(account), sold, subscription(account, [(sold, quantity)], **fields)]
