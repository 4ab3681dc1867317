"""From objects to typed rows: shapes of several API versions, and values that do not fit."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from ingestion.landing.rows import Stamp, rows
from sandbox import builders

STAMP = Stamp("acct_test", *[datetime.fromisoformat("2025-06-15")] * 2)


def landed(stream: str, *objects: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    found = rows(stream, objects, STAMP)
    assert not found.misfits
    return {name: table.to_pylist() for name, table in found.tables.items()}


def kept_out(stream: str, *objects: dict[str, Any]) -> str:
    """Why the one object that does not fit is kept out; none of its rows is there."""
    found = rows(stream, objects, STAMP)
    [(name, misfit)] = found.misfits.items()
    assert not any(
        row["id"] == name or name in row["id"].split(":")
        for table in found.tables.values()
        for row in table.to_pylist()
    )
    return misfit.problem


def subscription(**fields: Any) -> dict[str, Any]:
    item = {
        "id": "si_1",
        "object": "subscription_item",
        "created": 1,
        "price": {"id": "price_1"},
        "quantity": 2,
        "current_period_start": 100,
        "current_period_end": 200,
    }
    return {
        "id": "sub_1",
        "object": "subscription",
        "created": 1,
        "customer": "cus_1",
        "status": "active",
        "currency": "usd",
        "items": {"object": "list", "data": [item], "has_more": False},
    } | fields


def test_period_stands_on_the_subscription_in_older_shapes() -> None:
    older = subscription(current_period_start=300, current_period_end=400)
    for name in ("current_period_start", "current_period_end"):
        del older["items"]["data"][0][name]
    (item,) = landed("subscriptions", older)["subscription_items"]
    assert item["current_period_end"] == datetime.fromisoformat("1970-01-01T00:06:40")


def test_invoice_names_its_subscription_in_both_shapes() -> None:
    common = {"created": 1, "currency": "usd", "total": 5, "status": "paid"}
    newer = {"parent": {"subscription_details": {"subscription": "sub_1"}}}
    found = landed(
        "invoices",
        {"id": "in_1", **common, **newer},
        {"id": "in_2", **common, "subscription": {"id": "sub_1"}},
    )["invoices"]
    assert [invoice["subscription_id"] for invoice in found] == ["sub_1", "sub_1"]


@pytest.mark.parametrize(
    "where",
    [
        {"source": {"coupon": {"id": "half", "percent_off": 12.5, "duration": "once"}}},
        {"coupon": {"id": "half", "percent_off": 12.5, "duration": "once"}},
    ],
    ids=["source.coupon", "coupon"],
)
def test_discount_carries_its_coupon_in_both_shapes(where: dict[str, Any]) -> None:
    (discount,) = landed("subscriptions", subscription(discount={"id": "di_1", **where}))[
        "discounts"
    ]
    assert (discount["coupon_id"], discount["percent_off"]) == ("half", Decimal("12.5"))
    assert (discount["owner_type"], discount["owner_id"]) == ("subscription", "sub_1")


@pytest.mark.parametrize(
    "coupon",
    [{"source": {"coupon": "third"}}, {"coupon": {"id": "third", "duration": "repeating"}}],
    ids=["source.coupon", "coupon"],
)
def test_invoice_says_what_each_discount_took_off_and_whose_coupon_it_was(
    coupon: dict[str, Any],
) -> None:
    taken = {"amount": 2500, "discount": "di_1"}
    line = {"id": "il_1", "amount": 10000, "currency": "usd", "discount_amounts": [taken]}
    invoice = {
        "id": "in_1",
        "created": 1,
        "currency": "usd",
        "total": 7500,
        "total_discount_amounts": [{"amount": 2500, "discount": {"id": "di_1", **coupon}}],
        "lines": {"data": [line | {"period": {"start": 1, "end": 2}, "discounts": ["di_1"]}]},
    }
    found = landed("invoices", invoice)
    assert found["invoice_lines"][0]["discount_amounts"] == '[{"amount":2500,"discount":"di_1"}]'
    (discount,) = found["invoiced_discounts"]
    assert (discount["id"], discount["coupon_id"]) == ("di_1", "third")


def test_one_discount_on_two_owners_is_two_rows() -> None:
    shared = {"id": "di_1", "source": {"coupon": "half"}}
    both = subscription(discounts=[shared])
    both["items"]["data"][0]["discounts"] = [shared, {"source": {"coupon": "half"}}]
    found = landed("subscriptions", both)["discounts"]
    assert [(row["id"], row["discount_id"]) for row in found] == [
        ("sub_1:di_1", "di_1"),
        ("si_1:di_1", "di_1"),
        ("si_1:1", None),
    ]


def test_order_of_discounts_is_that_of_the_list_beside_the_older_single_one() -> None:
    first, second = ({"id": f"di_{n}", "source": {"coupon": "half"}} for n in (2, 1))
    found = landed("subscriptions", subscription(discount=second, discounts=[first, second]))
    order = {row["discount_id"]: row["position"] for row in found["discounts"]}
    assert order == {"di_2": 0, "di_1": 1}


def test_bare_discount_id_is_a_failure_by_name() -> None:
    why = kept_out("subscriptions", subscription(discounts=["di_1"]))
    assert "sub_1: discounts[] holds the bare id di_1" in why


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("items", {"data": 1.5}, "items.data[] has a float where a list belongs"),
        ("items", {"data": "si_1"}, "items.data[] has a str where a list belongs"),
        ("items", {"data": {"si_1": {}}}, "items.data[] has a dict where a list belongs"),
        ("items", {"data": [7]}, "items.data[] has an int where an object belongs"),
        ("items", "si_1", "items.data[] has a str where an object belongs"),
        ("discounts", {"di_1": {}}, "discounts[] has a dict where a list belongs"),
    ],
)
def test_container_of_another_type_keeps_its_object_out(field: str, value: Any, said: str) -> None:
    assert f"sub_1: {said}" in kept_out("subscriptions", {**subscription(), field: value})


@pytest.mark.parametrize("options", [[{"unit_amount": 1}], 1.5, "eur"])
def test_mapping_of_another_type_keeps_its_object_out(options: Any) -> None:
    price = {**builders.price(id="price_1"), "currency_options": options}
    assert "price_1: currency_options{}" in kept_out("prices", price)


def test_required_value_that_is_in_no_known_shape_is_a_failure_by_name() -> None:
    broken = subscription()
    del broken["items"]["data"][0]["current_period_end"]
    why = kept_out("subscriptions", broken)
    assert "subscription_items si_1: object.current_period_end" in why


def test_value_of_another_type_is_a_failure_by_name() -> None:
    why = kept_out("subscriptions", subscription(status=7))
    assert "subscriptions sub_1: object.status is no text" in why


def test_new_fields_change_nothing() -> None:
    assert landed("subscriptions", subscription(novelty={"a": [1]})) == landed(
        "subscriptions", subscription()
    )


def test_decimal_prices_keep_twelve_places() -> None:
    (price,) = landed(
        "prices",
        {
            "id": "price_1",
            "created": 1,
            "currency": "usd",
            "billing_scheme": "per_unit",
            "unit_amount_decimal": "0.123456789012",
        },
    )["prices"]
    assert price["unit_amount_decimal"] == Decimal("0.123456789012")
