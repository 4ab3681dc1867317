"""Amounts in other currencies, of prices with tiers and of coupons: served on request, landed."""

from decimal import Decimal

import httpx
import pytest
from local_stripe import NOW, LocalStripe

from sandbox import builders
from sandbox.server import TEST_KEY

STEPS = {"usd": (1000, 800), "eur": (900, 700), "gbp": (850, 650)}


def tiers(currency: str) -> list[dict[str, object]]:
    first, rest = STEPS[currency]
    return [
        builders.tier(up_to=5, unit_amount=first),
        builders.tier(up_to=None, unit_amount=rest, flat_amount=50),
    ]


@pytest.fixture
def stripe(local_stripe: LocalStripe) -> LocalStripe:
    store = local_stripe.store
    store.put(builders.product(id="prod_test"))
    store.put(
        builders.price(
            id="price_tiered",
            tiers=tiers("usd"),
            currency_options={name: {"tiers": tiers(name)} for name in ("eur", "gbp")},
        )
    )
    store.put(
        builders.coupon(id="TEN", amount_off=1000, currency_options={"eur": {"amount_off": 900}})
    )
    return local_stripe


def get(stripe: LocalStripe, path: str, *expand: str) -> dict[str, object]:
    answer = httpx.get(
        f"{stripe.url}{path}", params={"expand[]": list(expand)}, auth=(TEST_KEY, "")
    )
    found: dict[str, object] = answer.raise_for_status().json()
    return found


def test_each_currencys_tiers_are_served_by_the_currencys_name_alone(stripe: LocalStripe) -> None:
    path = "/v1/prices/price_tiered"
    assert "currency_options" not in get(stripe, path)
    for wanted in ("currency_options", "currency_options.tiers"):
        options = get(stripe, path, wanted)["currency_options"]
        assert isinstance(options, dict)
        assert sorted(options) == ["eur", "gbp", "usd"]
        assert all("tiers" not in option for option in options.values())
    options = get(stripe, path, "currency_options.eur.tiers")["currency_options"]
    assert isinstance(options, dict)
    assert [name for name, option in options.items() if "tiers" in option] == ["eur"]
    assert [tier["unit_amount"] for tier in options["eur"]["tiers"]] == [900, 700]
    listed = get(stripe, "/v1/prices", "data.currency_options.gbp.tiers")["data"]
    assert isinstance(listed, list)
    assert len(listed[0]["currency_options"]["gbp"]["tiers"]) == 2


def test_a_coupons_options_are_served_on_request(stripe: LocalStripe) -> None:
    assert "currency_options" not in get(stripe, "/v1/coupons/TEN")
    found = get(stripe, "/v1/coupons/TEN", "currency_options")
    assert found["currency_options"] == {"eur": {"amount_off": 900}}


LANDED = [
    (f"price_tiered:{place}", currency, position, up_to, amount, flat)
    for currency in ("eur", "gbp", "usd")
    for position, (up_to, amount, flat) in enumerate(
        zip((5, None), STEPS[currency], (None, 50), strict=True)
    )
    for place in (position if currency == "usd" else f"{currency}:{position}",)
]


def check(stripe: LocalStripe) -> None:
    assert (
        stripe.query(
            "select part.id, part.currency, position, up_to, part.unit_amount, flat_amount"
            " from stripe.price_tiers as part join stripe.prices on prices.id = price_id"
            " and prices.read_at = part.read_at order by 2, 3"
        )
        == LANDED
    )
    assert stripe.query(
        "select coupon_id, part.currency, part.amount_off from stripe.coupon_currency_options as"
        " part join stripe.coupons on coupons.id = coupon_id and coupons.read_at = part.read_at"
    ) == [("TEN", "eur", 900)]


def test_other_currencies_of_tiers_and_coupons_land_from_lists(stripe: LocalStripe) -> None:
    stripe.load()
    check(stripe)


def test_other_currencies_of_tiers_and_coupons_land_by_id(stripe: LocalStripe) -> None:
    stripe.load()
    stripe.store.update("price", "price_tiered", {"nickname": "new"}, now=NOW + 1)
    stripe.store.update("coupon", "TEN", {"name": "new"}, now=NOW + 1)
    assert stripe.load().objects == {"prices": 1, "coupons": 1}
    check(stripe)


def test_a_flat_price_is_asked_for_once(stripe: LocalStripe) -> None:
    stripe.store.put(
        builders.price(id="price_flat", unit_amount=5, currency_options={"eur": {"unit_amount": 4}})
    )
    stripe.load()
    assert stripe.query(
        "select currency, unit_amount from stripe.price_currency_options"
        " where price_id = 'price_flat' order by 1"
    ) == [("eur", Decimal(4)), ("usd", Decimal(5))]
