"""Lists, filters, expands and refusals of the sandbox, over HTTP, as Stripe documents them."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from random import Random
from typing import Any

import httpx
import pytest

from sandbox import builders
from sandbox.server import TEST_KEY, masked, serving
from sandbox.shapes import API_VERSION
from sandbox.storage.store import Store

T = 1_750_000_000


def reader(url: str, key: str = TEST_KEY) -> httpx.Client:
    return httpx.Client(base_url=f"{url}/v1", headers={"Authorization": f"Bearer {key}"})


def ids(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [one["id"] for one in answer.json()["data"]]


@pytest.fixture(scope="module")
def stripe() -> Iterator[httpx.Client]:
    with Store() as store:
        for obj in a_small_business():
            store.put(obj)
        with serving(store) as url, reader(url) as client:
            yield client


def a_small_business() -> Iterator[dict[str, Any]]:
    tiers = [builders.tier(up_to=5, unit_amount=10), builders.tier(up_to=None, unit_amount=8)]
    seat = builders.price(id="price_seat", product="prod_a", unit_amount=500, active=False)
    tiered = builders.price(
        id="price_tiers", product="prod_b", tiers=tiers, created=T, interval="year", lookup_key="t"
    )
    once = builders.price(id="price_once", product="prod_b", unit_amount=5, interval=None)
    yield from (builders.product(id="prod_a"), builders.product(id="prod_b"), seat, tiered, once)
    yield builders.coupon(id="HALF", percent_off=50, applies_to=["prod_a"])
    yield builders.payment_method(id="pm_a", customer="cus_a")
    yield builders.card(id="card_a", customer="cus_a")
    half = builders.discount(coupon="HALF", end=T)
    yield builders.customer(
        id="cus_a", default_payment_method="pm_a", default_source="card_a", discount=half,
        email="a@example.com",
    )  # fmt: skip
    yield builders.customer(id="cus_b")
    statuses = ("active", "past_due", "unpaid", "paused", "trialing", "incomplete")
    for index, status in enumerate((*statuses, "canceled", "incomplete_expired")):
        yield builders.subscription(
            id=f"sub_{status}", customer="cus_a" if index else "cus_b", status=status,
            items=[builders.item(price=tiered if index else seat, discounts=[half])],
            discounts=[half], created=T + index, latest_invoice="in_open",
        )  # fmt: skip
    for index, status in enumerate(("draft", "open", "paid", "uncollectible", "void")):
        yield builders.invoice(
            id=f"in_{status}", customer="cus_a", status=status, created=T + index, total=100,
            subscription="sub_active" if index % 2 else None,
        )  # fmt: skip


@pytest.mark.parametrize("seed", [5])
@pytest.mark.parametrize("count", [0, 1, 99, 100, 101])
def test_pages_join_to_the_whole_list_in_both_directions(count: int, seed: int) -> None:
    rng = Random(seed)
    with Store() as store:
        made = [
            builders.customer(id=f"cus_{rng.getrandbits(40):010x}", created=T + rng.randrange(7))
            for _ in range(count)
        ]
        store.load(iter(made))
        order = sorted(made, key=lambda one: (one["created"], one["id"]), reverse=True)
        whole = [one["id"] for one in order]
        with serving(store) as url, reader(url) as client:
            for limit in (1 if count < 2 else 3, 10, 99, 100):
                assert walk(client, limit, "starting_after") == whole
                assert walk(client, limit, "ending_before") == whole
            for _ in range(10 if whole else 0):
                at, limit = rng.randrange(count), rng.randint(1, 100)
                before = client.get(
                    "/customers", params={"ending_before": whole[at], "limit": limit}
                )
                assert ids(before) == whole[max(0, at - limit) : at]
                assert before.json()["has_more"] == (at > limit)


def walk(client: httpx.Client, limit: int, name: str) -> list[str]:
    """Every page from the newest on, or back from the oldest, which only a cursor leads to."""
    backwards, result, cursor = name == "ending_before", list[str](), None
    if backwards:
        result = walk(client, 100, "starting_after")[-1:]
        cursor = result[0] if result else None
    while True:
        if backwards and cursor is None:
            return result
        page = client.get(
            "/customers", params={"limit": limit} | ({name: cursor} if cursor else {})
        )
        got = ids(page)
        result = got + result if backwards else result + got
        if not page.json()["has_more"]:
            return result
        cursor = got[0] if backwards else got[-1]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", "incomplete trialing paused unpaid past_due active"),
        (
            "status=all",
            "incomplete_expired canceled incomplete trialing paused unpaid past_due active",
        ),
        ("status=ended", "incomplete_expired canceled"),
        ("status=canceled", "canceled"),
        ("status=all&customer=cus_b", "active"),
        ("price=price_seat", "active"),
        ("plan=price_tiers&status=past_due", "past_due"),
        (f"created[gte]={T + 2}&created[lt]={T + 4}", "paused unpaid"),
        (f"created[gt]={T + 2}&created[lte]={T + 4}", "trialing paused"),
        (f"created={T + 1}", "past_due"),
        ("collection_method=send_invoice", ""),
    ],
)
def test_subscriptions_are_filtered(stripe: httpx.Client, query: str, expected: str) -> None:
    found = ids(stripe.get(f"/subscriptions?{query}"))
    assert found == [f"sub_{status}" for status in expected.split()]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("/invoices?status=paid", "in_paid"),
        ("/invoices?subscription=sub_active", "in_uncollectible in_open"),
        ("/customers?email=a@example.com", "cus_a"),
        ("/prices?active=false", "price_seat"),
        ("/prices?type=one_time", "price_once"),
        ("/prices?product=prod_b&type=recurring", "price_tiers"),
        ("/prices?recurring[interval]=year", "price_tiers"),
        ("/prices?lookup_keys[]=t", "price_tiers"),
        ("/plans", "price_tiers price_seat"),
        ("/products?ids[]=prod_b&ids[]=prod_x", "prod_b"),
        ("/payment_methods?customer=cus_a&type=card", "pm_a"),
        ("/customers/cus_a/payment_methods", "pm_a"),
        ("/customers/cus_b/subscriptions", "sub_active"),
        ("/events?type=coupon.*", "*1"),
        ("/events?types[]=coupon.created&types[]=product.created", "*3"),
        ("/events?delivery_success=true&type=product.created", "*2"),
        ("/events?delivery_success=false", "*0"),
    ],
)
def test_other_lists_are_filtered(stripe: httpx.Client, url: str, expected: str) -> None:
    found = ids(stripe.get(url))
    assert f"*{len(found)}" == expected if "*" in expected else found == expected.split()


@pytest.mark.parametrize(
    ("url", "status", "code", "param"),
    [
        ("/customers?limit=0", 400, "parameter_invalid_integer", "limit"),
        ("/customers?limit=101", 400, "parameter_invalid_integer", "limit"),
        ("/customers?limit=ten", 400, "parameter_invalid_integer", "limit"),
        ("/customers?colour=red", 400, "parameter_unknown", "colour"),
        ("/customers?status=all", 400, "parameter_unknown", "status"),
        ("/customers?created[after]=1", 400, "parameter_unknown", "created[after]"),
        ("/customers?created[gte]=today", 400, "parameter_invalid_integer", "created[gte]"),
        ("/customers?email=", 400, "parameter_invalid_empty", "email"),
        ("/customers?starting_after=cus_x", 400, "resource_missing", "starting_after"),
        ("/customers?ending_before=cus_x", 400, "resource_missing", "ending_before"),
        ("/customers?starting_after=cus_a&ending_before=cus_b", 400, None, None),
        ("/subscriptions?status=alive", 400, None, "status"),
        ("/subscriptions?customer=cus_x", 400, "resource_missing", "customer"),
        ("/prices?active=maybe", 400, None, "active"),
        ("/subscription_items", 400, "parameter_missing", "subscription"),
        ("/subscription_items?subscription=sub_x", 400, "resource_missing", "subscription"),
        ("/events?" + "&".join(f"types[]=t{i}" for i in range(21)), 400, None, "types"),
        ("/customers/cus_x", 404, "resource_missing", "id"),
        ("/customers/cus_x/payment_methods", 404, "resource_missing", "id"),
        ("/invoices/in_x/lines", 404, "resource_missing", "id"),
        ("/customers/cus_a?limit=1", 400, "parameter_unknown", "limit"),
        ("/charges", 404, None, None),
    ],
)
def test_a_wrong_request_is_refused_as_stripe_refuses_it(
    stripe: httpx.Client, url: str, status: int, code: str | None, param: str | None
) -> None:
    answer = stripe.get(url)
    error = answer.json()["error"]
    assert answer.status_code == status
    assert error["type"] == "invalid_request_error"
    assert error["message"]
    assert (error.get("code"), error.get("param")) == (code, param) or (
        code is None and status == 400
    )


def test_expands_fill_ids_and_show_what_is_only_on_request(stripe: httpx.Client) -> None:
    wanted = ["data.customer.default_source", "data.discounts.source.coupon", "data.latest_invoice"]
    wanted += ["data.items.data.discounts"]
    page = stripe.get("/subscriptions", params={"expand[]": wanted, "status": "past_due"}).json()
    (one,) = page["data"]
    assert one["customer"]["default_source"]["object"] == "card"
    assert one["discounts"][0]["source"]["coupon"]["percent_off"] == 50
    assert "applies_to" not in one["discounts"][0]["source"]["coupon"]
    assert one["latest_invoice"]["id"] == "in_open"
    assert one["items"]["data"][0]["discounts"][0]["source"]["coupon"] == "HALF"
    price = stripe.get("/prices/price_tiers").json()
    assert {"tiers", "currency_options"}.isdisjoint(price)
    price = stripe.get("/prices/price_tiers?expand[]=tiers&expand[]=currency_options").json()
    assert [tier["up_to"] for tier in price["tiers"]] == [5, None]
    assert list(price["currency_options"]) == ["usd"]
    assert stripe.get("/coupons/HALF").json().get("applies_to") is None
    coupon = stripe.get("/coupons", params={"expand[]": "data.applies_to"}).json()["data"][0]
    assert coupon["applies_to"] == {"products": ["prod_a"]}
    deep = stripe.get("/subscriptions/sub_unpaid?expand[]=items.data.price.product").json()
    assert deep["items"]["data"][0]["price"]["product"]["id"] == "prod_b"


def test_a_customer_shows_its_lists_on_request(stripe: httpx.Client) -> None:
    plain = stripe.get("/customers/cus_a").json()
    assert {"sources", "subscriptions"}.isdisjoint(plain)
    assert plain["discount"]["source"]["coupon"] == "HALF"
    wanted = {"expand[]": ["data.sources", "data.subscriptions", "data.discount.source.coupon"]}
    shown = {one["id"]: one for one in stripe.get("/customers", params=wanted).json()["data"]}
    assert [card["id"] for card in shown["cus_a"]["sources"]["data"]] == ["card_a"]
    assert len(shown["cus_a"]["subscriptions"]["data"]) == 5
    assert shown["cus_a"]["subscriptions"]["url"] == "/v1/customers/cus_a/subscriptions"
    assert shown["cus_a"]["discount"]["source"]["coupon"]["id"] == "HALF"
    assert shown["cus_b"]["sources"]["data"] == []


@pytest.mark.parametrize(
    "path",
    [
        "data.items.data.price.tiers",
        "data.name",
        "customer",
        "data",
        "data.customer.name",
        "data.discounts.source",
        "data.invoice_settings",
    ],
)
def test_what_cannot_be_expanded_is_refused(stripe: httpx.Client, path: str) -> None:
    for status in ("past_due", "all"):
        answer = stripe.get("/subscriptions", params={"expand[]": path, "status": status})
        assert answer.status_code == 400
        assert path in answer.json()["error"]["message"]


def test_every_answer_carries_its_request_and_version(stripe: httpx.Client) -> None:
    for url in ("/customers", "/nothing"):
        headers = stripe.get(url).headers
        assert headers["request-id"].startswith("req_")
        assert headers["stripe-version"] == API_VERSION
        assert headers["content-type"] == "application/json"
    answer = stripe.get("/customers", headers={"Stripe-Version": "2020-08-27"})
    assert answer.status_code == 400
    assert API_VERSION in answer.json()["error"]["message"]


def test_what_stripe_does_not_let_write_is_not_served(stripe: httpx.Client) -> None:
    for path in ("/events", "/account", "/subscriptions/sub_active/nothing"):
        answer = stripe.post(path, data={"email": "b@example.com"})
        assert (answer.status_code, "Unrecognized" in answer.text) == (404, True)
    assert stripe.delete("/events/evt_a").status_code == 404


def test_a_wrong_or_missing_key_is_401_and_never_echoed() -> None:
    with Store() as store, serving(store, key="sk_test_configured") as url:
        wrong = "sk_test_51HabcdefghijklmnopqrsWXYZ"
        answer = reader(url, wrong).get("/customers")
        assert answer.status_code == 401
        assert wrong not in answer.text
        assert "sk_test_****" in answer.text
        assert "WXYZ" in answer.text
        assert httpx.get(f"{url}/v1/customers").status_code == 401
        assert httpx.get(f"{url}/v1/nothing").status_code == 401
        assert httpx.get(f"{url}/v1/customers", auth=("sk_test_configured", "")).status_code == 200
    assert masked("short") == "*****"


def test_a_page_stays_quick_as_the_store_grows() -> None:
    """The least of many, in turns: what else the machine does meets both alike."""
    with ExitStack() as stack:
        pages = [stack.enter_context(page_of(count)) for count in (200, 20_000)]
        small, large = (
            min(times)
            for times in zip(*([page() for page in pages] for _ in range(40)), strict=True)
        )
    assert large < 3 * small, f"{small * 1000:.2f} ms at 200, {large * 1000:.2f} ms at 20,000"


@contextmanager
def page_of(count: int) -> Iterator[Callable[[], float]]:
    """Times a page of 100 from the middle of a list."""
    made = (builders.customer(id=f"cus_{i:06d}", created=T + i // 3) for i in range(count))
    with Store() as store:
        store.load(made)
        with serving(store) as url, reader(url) as client:

            def timed() -> float:
                start = time.perf_counter()
                client.get(f"/customers?limit=100&starting_after=cus_{count * 2 // 3:06d}")
                return time.perf_counter() - start

            yield timed
