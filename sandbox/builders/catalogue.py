"""What is sold and how it is discounted: products, prices and their plans, coupons, discounts.

Enters: the few values that matter. Leaves: a complete object in the pinned shape.
"""
# ruff: noqa: A002, PLR0913  arguments are named as Stripe names its fields, and are as many

from collections.abc import Sequence
from typing import Any

from sandbox.shapes import Json, fill

CREATED = 1_704_067_200  # 2024-01-01T00:00Z, when nothing else is said


def product(*, id: str, name: str | None = None, created: int = CREATED, **fields: Any) -> Json:
    """A service product; `name` defaults to the id."""
    known = {"id": id, "name": name or id, "created": created, "updated": created}
    return fill("product", known, fields)


def tier(
    *,
    up_to: int | None,
    unit_amount: int | None = None,
    flat_amount: int | None = None,
    unit_amount_decimal: str | None = None,
    flat_amount_decimal: str | None = None,
) -> Json:
    """One tier of a tiered price; `up_to=None` is the last one."""
    return {
        "flat_amount": flat_amount,
        "flat_amount_decimal": _decimal(flat_amount, flat_amount_decimal),
        "unit_amount": unit_amount,
        "unit_amount_decimal": _decimal(unit_amount, unit_amount_decimal),
        "up_to": up_to,
    }


def price(
    *,
    id: str,
    product: str = "prod_test",
    unit_amount: int | None = None,
    unit_amount_decimal: str | None = None,
    currency: str = "usd",
    interval: str | None = "month",
    interval_count: int = 1,
    usage_type: str = "licensed",
    meter: str | None = None,
    trial_period_days: int | None = None,
    tiers: Sequence[Json] | None = None,
    tiers_mode: str | None = None,
    transform_quantity: Json | None = None,
    currency_options: Json | None = None,
    created: int = CREATED,
    **fields: Any,
) -> Json:
    """A price; `interval=None` is one-time, `tiers` makes it tiered (graduated unless said).

    `transform_quantity` is `{"divide_by": 10, "round": "up"}`; `currency_options` maps a currency
    to `{"unit_amount": ...}` or `{"tiers": ...}`. Neither `tiers` nor `currency_options` is served
    unless expanded.
    """
    known: Json = {
        "id": id,
        "product": product,
        "unit_amount": unit_amount,
        "unit_amount_decimal": _decimal(unit_amount, unit_amount_decimal),
        "currency": currency,
        "type": "recurring" if interval else "one_time",
        "recurring": interval
        and _recurring(interval, interval_count, usage_type, meter, trial_period_days),
        "billing_scheme": "tiered" if tiers else "per_unit",
        "tiers_mode": tiers_mode or ("graduated" if tiers else None),
        "transform_quantity": transform_quantity,
        "created": created,
    }
    result = fill("price", known, fields)
    return result | _on_request(
        tiers=list(tiers) if tiers else None,
        currency_options=_currency_options(currency_options or {}, result),
    )


def plan(price: Json) -> Json:
    """The plan that Stripe shows for a recurring price: the same id, the older field names."""
    recurring = price["recurring"]
    transform = price["transform_quantity"]
    known = {
        "amount": price["unit_amount"],
        "amount_decimal": price["unit_amount_decimal"],
        "transform_usage": dict(transform) if transform else None,
        **{name: recurring[name] for name in recurring},
        **{name: price[name] for name in _SAME_IN_PLAN},
        "metadata": dict(price["metadata"]),
    }
    return fill("plan", known, {}) | _on_request(tiers=price.get("tiers"))


_SAME_IN_PLAN = (
    *("id", "active", "billing_scheme", "created", "currency", "nickname", "product"),
    "tiers_mode",
)


def coupon(
    *,
    id: str,
    percent_off: float | None = None,
    amount_off: int | None = None,
    currency: str | None = None,
    duration: str = "forever",
    duration_in_months: int | None = None,
    name: str | None = None,
    applies_to: Sequence[str] | None = None,
    currency_options: Json | None = None,
    created: int = CREATED,
    **fields: Any,
) -> Json:
    """A coupon; `applies_to` lists product ids, served (as `currency_options` is) if expanded."""
    known = {
        "id": id,
        "percent_off": percent_off,
        "amount_off": amount_off,
        "currency": currency or ("usd" if amount_off is not None else None),
        "duration": duration,
        "duration_in_months": duration_in_months,
        "name": name,
        "created": created,
    }
    return fill("coupon", known, fields) | _on_request(
        applies_to={"products": list(applies_to)} if applies_to else None,
        currency_options=currency_options,
    )


def discount(
    *,
    coupon: str | Json,
    id: str | None = None,
    start: int = CREATED,
    end: int | None = None,
    **fields: Any,
) -> Json:
    """A coupon in use; whoever carries it (customer, subscription, item) fills in its own id.

    Without an `id` it is named after its carrier: `di_<carrier>_<position>`.
    """
    coupon_id = coupon if isinstance(coupon, str) else coupon["id"]
    known = {
        "id": id,
        "source": {"coupon": coupon_id, "type": "coupon"},
        "start": start,
        "end": end,
    }
    return fill("discount", known, fields)


def carried(discounts: Sequence[Json], carrier: str, **by: str) -> list[Json]:
    """Discounts as `carrier` holds them: each with an id and with what it belongs to."""
    return [
        one | by | {"id": one["id"] or f"di_{carrier}_{index}"}
        for index, one in enumerate(discounts)
    ]


def _decimal(amount: int | None, decimal: str | None) -> str | None:
    return decimal if decimal is not None else None if amount is None else str(amount)


def _recurring(
    interval: str,
    count: int,
    usage_type: str,
    meter: str | None,
    trial_days: int | None,
) -> Json:
    return {
        "interval": interval,
        "interval_count": count,
        "meter": meter,
        "trial_period_days": trial_days,
        "usage_type": usage_type,
    }


def _currency_options(options: Json, price: Json) -> Json:
    """The price's own currency is always among its options."""
    blank = {"custom_unit_amount": None, "tax_behavior": price["tax_behavior"]}
    own = {name: price[name] for name in ("unit_amount", "unit_amount_decimal")}
    amounts = {currency: _amounts(option) for currency, option in options.items()}
    return {
        currency: blank | option for currency, option in {price["currency"]: own, **amounts}.items()
    }


def _amounts(option: Json) -> Json:
    amount = option.get("unit_amount")
    return {
        "unit_amount": amount,
        "unit_amount_decimal": _decimal(amount, None),
    } | option


def _on_request(**fields: Any) -> Json:
    return {name: value for name, value in fields.items() if value is not None}
