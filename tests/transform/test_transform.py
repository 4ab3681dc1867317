"""The rules of the dbt project beyond the worked examples: exact money, bad input, docs."""

import csv
import json
import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from examples import POPULATION
from examples_build import AS_OF, PROJECT, RunSettings, Warehouse, create_warehouse, run_dbt
from examples_objects import at, customer, given, off, paid, percent, price, simple, subscription

from sandbox import builders

MODELS = PROJECT / "transform" / "models"
Json = dict[str, Any]


def mixed_intervals() -> list[Json]:
    """10.00 off each invoice, and invoices come monthly: 100 + 1200/12 - 10."""
    month, year = price("mixed", 10000, "_m"), price("mixed", 120000, "_y", interval="year")
    coupon = off("mixed_ten", 1000)
    items = subscription("mixed", [month, year], discounts=[given(coupon)])
    return [customer("mixed"), month, year, coupon, items]


def item_before_subscription() -> list[Json]:
    """The item's half first, then the subscription's 10 % of what is left."""
    sold, half, tenth = price("levels", 10000), percent("lv_half", 50), percent("lv_tenth", 10)
    made = subscription("levels", [sold], item_discounts=[[given(half)]], discounts=[given(tenth)])
    return [customer("levels"), sold, half, tenth, made]


def customer_discount(account: str, *own: Json) -> list[Json]:
    """A customer's half counts only where the subscription has no discount of its own."""
    half = percent(f"{account}_half", 50)
    holder = customer(account, discount=given(half))
    return [*simple(account, 10000, discounts=[given(one) for one in own]), half, *own, holder]


def other_currency(account: str, options: Json | None) -> list[Json]:
    """A price in usd under a subscription in eur."""
    sold = price(account, 10000, currency_options=options)
    return [customer(account), sold, subscription(account, [sold], currency="eur")]


def closed_tiers() -> list[Json]:
    sold = price("closed", tiers=[builders.tier(up_to=5, unit_amount=100)])
    return [customer("closed"), sold, subscription("closed", [(sold, 6)])]


def unknown_coupon() -> list[Json]:
    return simple("lost", 10000, discounts=[given(percent("never_read", 50))])


def foreign_coupon() -> list[Json]:
    coupon = off("euros_off", 1000, currency="eur")
    return [coupon, *simple("foreign", 10000, discounts=[given(coupon)])]


def unread_price() -> list[Json]:
    return [one for one in simple("unread", 10000) if one["object"] != "price"]


def coupon_made_again() -> list[Json]:
    """The discount carries 50 %; the coupon that has its id today says 10 %."""
    discount = given(percent("again", 50))
    discount["source"] = {"type": "coupon", "coupon": percent("again", 50)}
    return [*simple("again", 10000, discounts=[discount]), percent("again", 10)]


def half_cents() -> list[Json]:
    """Shares of an amount off that no decimal can hold, and prices a hair under half a cent."""
    ten, sixty = price("sevenths", 1000, "_1", product="prod_7_1"), price("sevenths", 6000, "_6")
    mixed = [off("sev_off", 990), percent("sev_part", 35, applies_to=["prod_7_1"])]
    yearly = [
        price("thirds", 100, f"_{n}", interval="year", product=f"prod_3_{n}") for n in range(3)
    ]
    thirds = [off("thirds_off", 200)] + [
        percent(f"thirds_{n}", part, applies_to=[f"prod_3_{n}"])
        for n, part in enumerate((10, 100, 100))
    ]
    hair = price("hair", unit_amount_decimal="2.4999999996")
    finest = price("finest", unit_amount_decimal="2.499999999999")
    return [
        *(customer(name) for name in ("sevenths", "thirds", "hair", "finest")),
        *(ten, sixty, *yearly, hair, finest, *mixed, *thirds),
        subscription("sevenths", [ten, sixty], discounts=[given(one) for one in mixed]),
        subscription("thirds", yearly, discounts=[given(one) for one in thirds]),
        subscription("hair", [hair]),
        subscription("finest", [finest]),
    ]


def twin_discounts(account: str, identity: str | None) -> list[Json]:
    """Half off each of two items, by discounts that share one id or have none."""
    prices = price(account, 10000, "_one"), price(account, 20000, "_two")
    half = percent(f"{account}_half", 50)
    made = subscription(account, prices, item_discounts=[[given(half)], [given(half)]])
    for item in made["items"]["data"]:
        item["discounts"][0]["id"] = identity
    return [customer(account), *prices, half, made]


def part_of_a_cent() -> list[Json]:
    sold = price("calls", unit_amount_decimal="0.4"), price("calls", 12340, "_seat")
    return [customer("calls"), *sold, subscription("calls", [(sold[0], 1000), sold[1]])]


def doubtful_coupons() -> list[Json]:
    """One without a currency; one that is gone and lives on in its discount."""
    bare = off("bare_off", 1000) | {"currency": None}
    discount = given(percent("gone_half", 50))
    discount["source"] = {"type": "coupon", "coupon": percent("gone_half", 50)}
    return [
        bare,
        *simple("bare", 10000, discounts=[given(bare)]),
        *simple("scope", 10000, discounts=[discount]),
        *simple("scope_eur", 10000, currency="eur", discounts=[discount]),
        *simple("scope_trial", 10000, status="trialing", discounts=[discount]),
    ]


def gone_before_the_first_read() -> list[Json]:
    """Of a customer that was never read: its tombstone, a canceled subscription, two invoices."""
    made = [one for one in simple("early", 5000, status="canceled") if one["object"] != "customer"]
    return [*made, paid("early", 5000, "_1"), paid("early", 5000, "_2")]


def two_currencies() -> list[Json]:
    """The trial makes one total cross; the other account has an item that was not read, too."""
    dollars, euros = price("cross", 5000), price("cross", 4000, "_eur", currency="eur")
    return [
        customer("cross"),
        *(dollars, euros),
        subscription("cross", [dollars], suffix="_usd"),
        subscription("cross", [euros], suffix="_eur", status="trialing"),
        customer("half_read"),
        subscription("half_read", [dollars], suffix="_usd"),
        subscription("half_read", [price("half_read", 1)], suffix="_eur", currency="eur"),
    ]


def ended() -> list[Json]:
    half = percent("ended_half", 50)
    return [half, *simple("ended", 10000, discounts=[given(half, end=at("2025-06-15"))])]


def prices_of_many_kinds() -> list[Json]:
    flat = [builders.tier(up_to=5, unit_amount=1000), builders.tier(up_to=None, flat_amount=7000)]
    volume = price("volume", tiers=flat, tiers_mode="volume")
    dear = price("dear", unit_amount_decimal="0.123456789012")
    return [
        *(one for name in ("volume", "dear") for one in [customer(name)]),
        *(volume, dear),
        *(subscription("volume", [(volume, 8)]), subscription("dear", [(dear, 1_000_000)])),
        *simple("quarter", 9000, interval_count=3),
        *simple("dinar", 12345, currency="kwd"),
        *simple("unsaid", 10000, None),
        *simple("zero", 10000, 0),
    ]


ODD = [
    *mixed_intervals(),
    *item_before_subscription(),
    *customer_discount("whole"),
    *customer_discount("own", percent("own_tenth", 10)),
    *other_currency("options", {"eur": {"unit_amount": 9000}}),
    *other_currency("optionless", None),
    *closed_tiers(),
    *unknown_coupon(),
    *foreign_coupon(),
    *unread_price(),
    *coupon_made_again(),
    *half_cents(),
    *part_of_a_cent(),
    *doubtful_coupons(),
    *gone_before_the_first_read(),
    *two_currencies(),
    customer("ghost", default_payment_method="pm_ghost"),
    customer("heirs", "_old", created=at("2024-01-01")),
    customer("heirs", "_new", created=at("2025-01-01")),
    *twin_discounts("twins", "di_twins"),
    *twin_discounts("nameless", None),
    *ended(),
    *prices_of_many_kinds(),
    *simple("orphan", 10000),
    customer("future", discount=given(percent("future_half", 50))),
    percent("future_half", 50),
    customer("Acme"),
    customer("ACME"),
    builders.customer(id="cus_unlinked", metadata={"account_id": " \t"}),
    builders.invoice(id="in_nobody", customer="cus_nobody", total=100),
]


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """What is unusual but has a rule, and what is broken but must not be silent; one build."""
    built = create_warehouse(tmp_path_factory.mktemp("odd") / "warehouse.duckdb")
    stale = price("stale", 10000), price("stale", 700, "_old")
    built.land([customer("stale"), *stale, subscription("stale", list(stale))])
    built.land([*ODD, subscription("stale", [stale[0]])], read_at=AS_OF + timedelta(hours=1))
    gone = builders.customer(id="cus_early"), customer("heirs", "_new")
    built.land(builders.deleted(one) for one in gone)
    built.lose("subscriptions", "sub_orphan")
    built.refresh(RunSettings())
    return built


@pytest.mark.parametrize(
    ("account", "monthly"),
    [
        ("mixed", "190.00"),
        ("levels", "45.00"),
        ("whole", "50.00"),
        ("own", "90.00"),
        ("options", "90.00"),
        ("optionless", None),
        ("closed", None),
        ("lost", None),
        ("foreign", "100.00"),
        ("unread", None),
        ("again", "50.00"),
        ("sevenths", "57.10"),
        ("thirds", "0.03"),
        ("hair", "0.02"),
        ("finest", "0.02"),
        ("bare", "100.00"),
        ("scope", None),
        ("twins", "150.00"),
        ("nameless", "150.00"),
        ("ended", "100.00"),
        ("volume", "70.00"),
        ("dear", "1234.57"),
        ("quarter", "30.00"),
        ("dinar", "12.345"),
        ("unsaid", "100.00"),
        ("zero", "0.00"),
        ("stale", "100.00"),
    ],
)
def test_mrr_of(account: str, monthly: str | None, odd: Warehouse) -> None:
    query = "select mrr_normalized from marts.single_subscription_traits where account_id = "
    [row] = odd.records(f"{query} '{account}'")
    assert row["mrr_normalized"] == (monthly and Decimal(monthly))


def test_every_doubt_is_a_data_quality_issue(odd: Warehouse) -> None:
    found = odd.records("select issue, object, object_id from marts.data_quality_issues")
    assert sorted(tuple(row.values()) for row in found) == [
        ("ambiguous_link", "account", "ACME"),
        ("coupon_currency_mismatch", "coupon", "bare_off"),
        ("coupon_currency_mismatch", "coupon", "euros_off"),
        ("coupon_scope_unknown", "coupon", "gone_half"),
        ("deleted_customer", "customer", None),
        ("missing_currency_option", "price", "price_optionless"),
        ("missing_tiers", "price", "price_closed"),
        ("no_total_across_currencies", "setting", "REPORTING_CURRENCY"),
        ("orphan_item", "subscription", "sub_orphan"),
        ("unknown_coupon", "coupon", "never_read"),
        ("unknown_customer", "customer", "cus_nobody"),
        ("unknown_payment_method", "payment_method", "pm_ghost"),
        ("unknown_price", "price", "price_half_read"),
        ("unknown_price", "price", "price_unread"),
        ("unlinked_customer", "customer", "cus_unlinked"),
    ]


def test_issues_of_one_cause_are_one_row_with_what_hangs_on_it(odd: Warehouse) -> None:
    [row] = odd.records("from marts.data_quality_issues where object_id = 'gone_half'")
    affected = (row["affected_objects"], row["affected_accounts"], row["affected_mrr"])
    assert affected == (3, 3, {"eur": 100, "usd": 100})
    assert (row["subscriptions_without_mrr"], row["account_id"]) == (2, None)
    assert (row["severity"], row["field"]) == ("error", "applies_to")
    assert "make one with the same terms" in row["remedy"]


def test_an_issue_of_one_account_names_it(odd: Warehouse) -> None:
    [row] = odd.records("from marts.data_quality_issues where object_id = 'price_unread'")
    named = [row[name] for name in ("account_id", "customer_id", "subscription_id", "field")]
    assert named == ["unread", "cus_unread", "sub_unread", "id"]


def test_item_without_its_subscription_is_told_and_counts_nowhere(odd: Warehouse) -> None:
    [row] = odd.records("from marts.data_quality_issues where issue = 'orphan_item'")
    assert row["subscription_id"] == "sub_orphan"
    assert row["detail"] == "Subscription sub_orphan was not read; its items count nowhere."
    items = odd.records("select subscription_item_id from marts.mrr_breakdown")
    assert items
    assert {"subscription_item_id": "si_orphan_0"} not in items


def test_discount_of_a_customer_without_subscription_is_shown(odd: Warehouse) -> None:
    query = "select discount_percent_off from marts.single_subscription_traits where account_id = "
    [row] = odd.records(f"{query} 'future'")
    assert row["discount_percent_off"] == 50


def test_discount_without_an_id_is_shown_by_its_coupon(odd: Warehouse) -> None:
    query = "select distinct discount_id from marts.mrr_breakdown where account_id = 'nameless'"
    assert {row["discount_id"] for row in odd.records(query)} == {None, "nameless_half"}


def test_unit_prices_below_a_cent_are_sent_as_they_are(odd: Warehouse) -> None:
    [row] = odd.records("select traits from marts.account_traits where account_id = 'calls'")
    assert '"stripe.planAmounts":[0.004,123.4],' in row["traits"]


def test_only_the_total_that_crosses_currencies_is_in_doubt(odd: Warehouse) -> None:
    [row] = odd.records("from marts.data_quality_issues where issue = 'no_total_across_currencies'")
    assert (row["account_id"], row["affected_accounts"]) == ("cross", 1)
    assert "No reporting currency is set" in row["detail"]


def test_newest_customer_stands_for_an_account_deleted_or_not(odd: Warehouse) -> None:
    query = "select customer_id from marts.single_subscription_traits where account_id = 'heirs'"
    assert odd.records(query) == [{"customer_id": "cus_heirs_new"}]


def test_unlinked_customer_is_listed_and_never_sent(odd: Warehouse) -> None:
    [listed] = odd.records("from marts.unlinked_customers")
    assert listed["customer_id"] == "cus_unlinked"
    accounts = odd.records("select account_id from marts.account_traits order by all")
    linked = {one["metadata"]["account_id"] for one in ODD if one["object"] == "customer"}
    assert {row["account_id"] for row in accounts} == {*linked, "stale"} - {" \t"}


def test_json_numbers_are_exact_and_keys_are_complete(odd: Warehouse) -> None:
    [row] = odd.records("select traits from marts.account_traits where account_id = 'dinar'")
    assert '"stripe.mrrNormalized":12.345,' in row["traits"]
    keys = [trait["trait_key"] for trait in traits() if trait["type"] != "map"]
    assert sorted(json.loads(row["traits"])) == sorted(
        ["stripe.metadata.account_id", *(f"stripe.{key}" for key in keys)]
    )


def test_rules_hold_in_their_unit_tests(odd: Warehouse) -> None:
    run_dbt(odd.path, "test", "--select", "test_type:unit")


def test_unknown_values_fail_by_name(tmp_path: Any) -> None:
    decade = {"recurring": {"interval": "decade", "interval_count": 1}}
    built = create_warehouse(tmp_path / "warehouse.duckdb")
    built.land(simple("bad", 100, status="frozen"))
    built.land([price("worse", 100) | decade, builders.coupon(id="none", duration="forever")])
    with pytest.raises(AssertionError, match="assert_no_unknown_values"):
        built.build_selected(RunSettings(), "--select", "+int_unknown_values")
    assert "assert_no_unknown_values" in (tmp_path / "dbt" / "logs" / "dbt.log").read_text()
    query = "select object, id, field, value from intermediate.int_unknown_values order by all"
    assert [tuple(row.values()) for row in built.records(query)] == [
        ("coupon", "none", "percent_off or amount_off", "null"),
        ("price", "price_worse", "recurring.interval", "decade"),
        ("subscription", "sub_bad", "status", "frozen"),
    ]


def test_models_read_no_clock_and_no_variable() -> None:
    for path in MODELS.rglob("*.sql"):
        text = path.read_text()
        assert not re.search(r"current_(date|timestamp)|\bnow\(|\bvar\(", text), path
        assert "source(" not in text or "staging" in path.parts, path
        assert len(text.splitlines()) <= 100, path


def test_no_union_hangs_on_the_columns_order_of_a_join() -> None:
    """Spark puts the columns of `using` first in `a.*`, and a union goes by place."""
    for path in MODELS.rglob("*.sql"):
        for query in re.split(r"\n\),?\n", path.read_text()):
            is_union = re.search(r"^ *union ", query, re.MULTILINE)
            assert not (is_union and ".*" in query and " using (" in query), path


def test_traits_are_documented_to_the_field() -> None:
    lines = (PROJECT / "docs" / "traits.md").read_text().splitlines()
    documented = [line for line in lines if line.startswith("| `")]
    assert documented == [documented_row(trait) for trait in traits()]


def test_seed_of_traits_has_the_columns_of_both_tables(odd: Warehouse) -> None:
    extra = {"account_id", "stripe_account_id", "all_mrr_currency", "mrr_by_currency"}
    for name, sets in (("single", ("customer", "single")), ("multi", ("multi",))):
        columns = odd.records(f"describe marts.{name}_subscription_traits")
        seeded = [row["column_name"] for row in traits() if row["trait_set"] in sets]
        assert [c["column_name"] for c in columns if c["column_name"] not in extra] == seeded
    assert {row["trait_key"] for row in traits()} == {key(row) for row in traits()}


def key(trait: dict[str, str]) -> str:
    """lowerCamelCase of the column; metadata is sent under its own keys."""
    first, *rest = trait["column_name"].split("_")
    return first + "".join(map(str.title, rest)) + (".<key>" if trait["type"] == "map" else "")


def traits() -> list[dict[str, str]]:
    with (PROJECT / "transform" / "seeds" / "traits.csv").open() as file:
        return list(csv.DictReader(file))


def documented_row(trait: dict[str, str]) -> str:
    cells = (
        f"`stripe.{trait['trait_key']}`",
        trait["label"],
        trait["trait_set"],
        trait["type"],
        trait["unit"],
        trait["source"],
    )
    return f"| {' | '.join(cells)} |"


def test_examples_have_one_account_each() -> None:
    accounts = [
        one["metadata"]["account_id"]
        for one in POPULATION
        if one["object"] == "customer" and not one.get("deleted")
    ]
    assert len(set(accounts)) == len(accounts) - 1  # F72 has two customers
