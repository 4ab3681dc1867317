"""What the generated business sells: products, prices in three currencies, coupons. Data.

Leaves: objects, and the prices by name and currency for those who subscribe.
"""

from dataclasses import dataclass
from typing import Any

from sandbox import builders
from sandbox.shapes import Json

FACTORS = {"usd": 100, "eur": 90, "jpy": 150}  # per cent of the dollar amount, minor units

_PRODUCTS = {
    "workspace": "Workspace",
    "seats": "Seats",
    "contacts": "Contacts",
    "messages": "Messages",
    "calls": "API calls",
    "storage": "Storage",
    "pulse": "Weekly pulse",
    "support": "Onboarding",
}
# name: product, unit amount in dollar cents, interval, what else
_PRICES: dict[str, tuple[str, int | None, str | None, dict[str, Any]]] = {
    "starter_monthly": ("workspace", 2900, "month", {"nickname": "Starter monthly"}),
    "starter_yearly": ("workspace", 29000, "year", {"nickname": "Starter yearly"}),
    "team_monthly": ("workspace", 9900, "month", {"nickname": "Team monthly"}),
    "team_quarterly": ("workspace", 27900, "month", {"interval_count": 3}),
    "team_yearly": ("workspace", 99000, "year", {"nickname": "Team yearly"}),
    "business_monthly": ("workspace", 29900, "month", {"nickname": "Business monthly"}),
    "business_yearly": ("workspace", 299000, "year", {}),
    "legacy_monthly": ("workspace", 1900, "month", {"nickname": "Legacy", "active": False}),
    "seat_monthly": ("seats", 1500, "month", {"nickname": "Seat"}),
    "seat_yearly": ("seats", 15000, "year", {"nickname": "Seat, yearly"}),
    "contacts_graduated": (
        "contacts",
        None,
        "month",
        {"tiers": ((1000, 2, 0), (10000, 1, 0), (None, 1, 500))},
    ),
    "messages_volume": (
        "messages",
        None,
        "month",
        {"tiers": ((500, 10, 1000), (5000, 6, 0), (None, 4, 0)), "tiers_mode": "volume"},
    ),
    "calls_metered": ("calls", None, "month", {"usage_type": "metered"}),
    "storage_packages": (
        "storage",
        500,
        "month",
        {"transform_quantity": {"divide_by": 10, "round": "up"}, "nickname": "Storage, 10 GB"},
    ),
    "pulse_weekly": ("pulse", 1200, "week", {}),
    "onboarding": ("support", 45000, None, {"nickname": "Onboarding"}),
}
# id: what it takes off, how long, what else
_COUPONS: dict[str, dict[str, Any]] = {
    "WELCOME25": {"percent_off": 25, "duration": "once", "name": "Welcome"},
    "SPRING50": {"percent_off": 50, "duration": "repeating", "duration_in_months": 3},
    "YEAR10": {"percent_off": 10, "duration": "repeating", "duration_in_months": 12},
    "FREEMONTH": {"percent_off": 100, "duration": "repeating", "duration_in_months": 1},
    "PARTNER20": {"percent_off": 20, "name": "Partner"},
    "NONPROFIT": {"percent_off": 37.5, "name": "Non-profit"},
    "SEATSHALF": {"percent_off": 50, "name": "Half price seats", "applies_to": ["prod_seats"]},
    "LEGACY15": {"percent_off": 15, "name": "Legacy"},
}
_AMOUNTS_OFF: dict[str, tuple[int, str, int | None]] = {
    "LOYAL": (500, "forever", None),
    "SORRY": (1500, "once", None),
    "HALFYEAR": (1000, "repeating", 6),
}
DELETED_COUPON = "LEGACY15"


@dataclass(frozen=True)
class Catalogue:
    products: tuple[Json, ...]
    prices: dict[tuple[str, str], Json]  # by name and currency
    coupons: dict[str, Json]

    def coupons_for(self, currency: str) -> list[str]:
        """The coupons that can be used in a currency."""
        return [name for name, one in self.coupons.items() if one["currency"] in (None, currency)]


def catalogue(created: int) -> Catalogue:
    """Everything on sale, made at the beginning of the business."""
    products = tuple(
        builders.product(id=f"prod_{key}", name=name, created=created + index)
        for index, (key, name) in enumerate(_PRODUCTS.items())
    )
    prices = {
        (name, currency): _price(name, currency, created + index)
        for index, name in enumerate(_PRICES)
        for currency in FACTORS
    }
    coupons = [builders.coupon(id=id_, created=created, **how) for id_, how in _COUPONS.items()]
    coupons += [
        _amount_off(name, currency, created) for name in _AMOUNTS_OFF for currency in FACTORS
    ]
    return Catalogue(products, prices, {one["id"]: one for one in coupons})


def _price(name: str, currency: str, created: int) -> Json:
    product, cents, interval, options = _PRICES[name]
    rest = dict(options)
    if "tiers" in rest:
        rest["tiers"] = [_tier(step, currency) for step in rest["tiers"]]
    if rest.get("usage_type") == "metered":
        rest |= {"unit_amount_decimal": "0.4", "meter": "mtr_calls"}
    return builders.price(
        id=f"price_{name}_{currency}",
        product=f"prod_{product}",
        unit_amount=_local(cents, currency),
        currency=currency,
        interval=interval,
        created=created,
        **rest,
    )


def _tier(step: tuple[int | None, int, int], currency: str) -> Json:
    up_to, unit, flat = step
    return builders.tier(
        up_to=up_to, unit_amount=unit, flat_amount=_local(flat, currency) if flat else None
    )


def _amount_off(name: str, currency: str, created: int) -> Json:
    cents, duration, months = _AMOUNTS_OFF[name]
    return builders.coupon(
        id=f"{name}_{currency.upper()}",
        amount_off=_local(cents, currency),
        currency=currency,
        duration=duration,
        duration_in_months=months,
        created=created,
    )


def _local(cents: int | None, currency: str) -> int | None:
    return cents and cents * FACTORS[currency] // 100
