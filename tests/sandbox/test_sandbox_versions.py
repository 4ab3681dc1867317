"""Older API versions of the sandbox: the fields of that time, and the same rows for ingestion."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
import stripe

from ingestion.landing.rows import Stamp, rows
from ingestion.stripe_api.client import Client
from ingestion.stripe_api.connection import Connection
from ingestion.stripe_api.reader import ListReader, Page
from ingestion.stripe_api.streams import BY_NAME, LISTED, Stream
from sandbox import builders
from sandbox.kinds import KINDS
from sandbox.population import Population, fill
from sandbox.server import TEST_KEY, serving
from sandbox.shapes import API_VERSION
from sandbox.storage.older import BASIL, CLOVER, VERSIONS
from sandbox.storage.store import Store
from sandbox.storage.versions import At

T = 1_750_000_000
OLDEST = VERSIONS[0]
PERIOD = ("current_period_start", "current_period_end")
STAMP = Stamp("acct_test", *[datetime.fromisoformat("2026-11-01")] * 2)
# Fields of every object by version, as the official SDK of that version annotates them
# (stripe-python 7.14, 12.0, 13.0), those that are always there apart.
SDK_FIELDS = orjson.loads(Path(__file__).with_name("sdk_fields.json").read_bytes())
# What Stripe added later and shows in every version, and periods that the old place cannot tell.
SHOWN_ANYWAY = {
    "subscription": {"billing_mode", "discounts"},
    "subscription_item": {"discounts", *PERIOD},
}


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with Store() as filled:
        fill(filled, Population(customers=200, seed=11, now=1_790_000_000))
        yield filled


@pytest.fixture(scope="module")
def url(store: Store) -> Iterator[str]:
    with serving(store) as address:
        yield address


def discounted() -> Iterator[Store]:
    """A subscription with a discount, an invoice with a line of a price, and what they name."""
    with Store() as made:
        price = builders.price(id="price_a", unit_amount=5000)
        half = builders.discount(coupon="HALF", id="di_a")
        for obj in (
            price,
            builders.coupon(id="HALF", percent_off=50, applies_to=["prod_a"]),
            builders.customer(id="cus_a", discount=builders.discount(coupon="HALF")),
            builders.subscription(
                id="sub_a", customer="cus_a", items=[builders.item(price=price)], discounts=[half]
            ),
            builders.invoice(
                id="in_a", customer="cus_a", subscription="sub_a",
                lines=[builders.line(amount=5000, price=price)],
            ),
        ):  # fmt: skip
            made.put(obj)
        yield made


small = pytest.fixture(discounted, name="small")


def reader(url: str, version: str) -> httpx.Client:
    headers = {"Authorization": f"Bearer {TEST_KEY}", "Stripe-Version": version}
    return httpx.Client(base_url=f"{url}/v1", headers=headers)


@pytest.mark.parametrize("version", VERSIONS[:-1])
def test_objects_have_the_fields_of_the_sdk_of_that_time(version: str, store: Store) -> None:
    complaints = set()
    for kind in KINDS.values():
        if kind.name in SDK_FIELDS[version] and not kind.within:
            for one in store.objects(kind.name):
                shown = At(store, version).get(kind.name, one["id"])
                complaints.update(check(shown, SDK_FIELDS[version]))
    assert not complaints, sorted(complaints)


def check(value: Any, known: dict[str, dict[str, str]]) -> Iterator[str]:
    """What is wrong with the objects in a value, metadata and what is only on request apart."""
    if isinstance(value, list):
        for one in value:
            yield from check(one, known)
    elif isinstance(value, dict):
        name = str(value.get("object"))
        if name in known:
            always, perhaps = (set(known[name][k].split()) for k in ("always", "perhaps"))
            unknown = value.keys() - always - perhaps - SHOWN_ANYWAY.get(name, set())
            yield from (f"{name}.{field}: unknown" for field in unknown)
            yield from (f"{name}.{field}: missing" for field in always - value.keys())
        for key, inside in value.items():
            if key != "metadata":
                yield from check(inside, known)


def stream_at(stream: Stream, version: str) -> Stream:
    """A stream of ingestion with its expands in a version's words, and every invoice."""
    worded = replace(stream, expand=expands(stream.expand, version), only=None)
    if stream.name == "invoices":
        worded = replace(worded, parameters={})
    if stream.nested:
        nested = replace(stream.nested, expand=expands(stream.nested.expand, version))
        worded = replace(worded, nested=nested)
    return worded


def expands(paths: tuple[str, ...], version: str) -> tuple[str, ...]:
    """Before clover a discount held its coupon; a customer always holds its discount."""
    if version >= CLOVER:
        return paths
    inlined = (path.removesuffix(".source.coupon") for path in paths)
    return tuple(path for path in inlined if path != "discount")


def landed(url: str, version: str, stream: Stream) -> dict[str, list[dict[str, Any]]]:
    """Rows by table, as ingestion reads and understands that version."""
    found: list[Any] = []

    async def emit(page: Page) -> None:
        found.extend(page.objects)

    async def read() -> None:
        async with Client(Connection(TEST_KEY, url, version)) as client:
            await ListReader(client, stream_at(stream, version), emit).read()

    asyncio.run(read())
    landed = rows(stream.name, found, STAMP)
    assert not landed.misfits
    tables = landed.tables.items()
    return {name: sorted(table.to_pylist(), key=lambda row: row["id"]) for name, table in tables}


@pytest.mark.parametrize("stream", LISTED, ids=lambda stream: stream.name)
def test_every_version_lands_as_the_same_rows(stream: Stream, url: str) -> None:
    pinned = landed(url, API_VERSION, stream)
    assert all(pinned.values()) or stream.name in ("prices", "coupons")
    for version in VERSIONS[:-1]:
        older = landed(url, version, stream)
        for name, expected in pinned.items():
            assert older[name] == expected, (version, name)


def test_taxes_are_among_what_is_compared(url: str) -> None:
    lines = landed(url, API_VERSION, BY_NAME["invoices"])["invoice_lines"]
    assert any(orjson.loads(line["taxes"]) for line in lines)


def test_fields_stand_where_the_version_has_them(small: Store) -> None:
    with serving(small) as url:
        shown = {
            version: {
                name: reader(url, version).get(f"/{path}").json()
                for name, path in (
                    ("subscription", "subscriptions/sub_a"),
                    ("invoice", "invoices/in_a"),
                    ("customer", "customers/cus_a"),
                )
            }
            for version in VERSIONS
        }
    old, basil, clover, pin = (shown[version] for version in VERSIONS)
    item = pin["subscription"]["items"]["data"][0]
    assert [old["subscription"][name] for name in PERIOD] == [item[name] for name in PERIOD]
    assert not old["subscription"]["items"]["data"][0].keys() & set(PERIOD)
    assert "current_period_end" not in basil["subscription"]
    assert old["subscription"]["discount"]["coupon"]["percent_off"] == 50
    assert "discount" not in basil["subscription"]
    assert basil["customer"]["discount"]["coupon"]["id"] == "HALF"
    assert clover["customer"]["discount"]["source"]["coupon"] == "HALF"
    assert {"status_details", "managed_payments"}.isdisjoint(clover["subscription"])
    line, now = (one["invoice"]["lines"]["data"][0] for one in (old, pin))
    assert (old["invoice"]["subscription"], old["invoice"]["paid"]) == ("sub_a", True)
    assert old["invoice"]["charge"]
    assert {"subscription", "paid", "charge", "tax"}.isdisjoint(basil["invoice"])
    assert (line["price"]["id"], line["plan"]["id"]) == ("price_a", "price_a")
    assert (line["proration"], line["subscription_item"]) == (False, "si_a_0")
    assert {"pricing", "parent", "quantity_decimal"}.isdisjoint(line)
    assert now["pricing"]["price_details"]["price"] == "price_a"
    assert "quantity_decimal" not in clover["invoice"]["lines"]["data"][0]


def test_lists_of_parts_and_expands_follow_the_version(small: Store) -> None:
    with serving(small) as url:
        old, basil = reader(url, OLDEST), reader(url, BASIL)
        (line,) = old.get("/invoices/in_a/lines").json()["data"]
        assert line["price"]["unit_amount"] == 5000
        (item,) = old.get("/subscription_items?subscription=sub_a").json()["data"]
        assert "current_period_end" not in item
        named = old.get("/invoices?expand[]=data.subscription.customer").json()["data"][0]
        assert named["subscription"]["customer"]["discount"]["coupon"]["id"] == "HALF"
        deep = {"expand[]": "discounts.coupon.applies_to"}
        shown = basil.get("/subscriptions/sub_a", params=deep).json()
        assert shown["discounts"][0]["coupon"]["applies_to"] == {"products": ["prod_a"]}
        for client, path in ((basil, "discounts.source.coupon"), (basil, "discount")):
            refused = client.get("/subscriptions/sub_a", params={"expand[]": path})
            assert refused.status_code == 400, path


def test_a_deleted_coupon_still_stands_in_its_discount(small: Store) -> None:
    small.delete("coupon", "HALF", now=T)
    with serving(small) as url:
        shown = reader(url, BASIL).get("/subscriptions/sub_a?expand[]=discounts").json()
    assert shown["discounts"][0]["coupon"]["percent_off"] == 50
    assert "applies_to" not in shown["discounts"][0]["coupon"]


def test_an_event_keeps_the_version_in_which_it_was_made(small: Store) -> None:
    small.api_version = OLDEST
    subscription = small.get("subscription", "sub_a")
    assert subscription
    subscription["items"]["data"][0]["current_period_end"] += 86_400
    small.put(subscription, now=T)
    small.api_version = API_VERSION
    small.update("subscription", "sub_a", {"cancel_at": T}, now=T + 1)
    with serving(small) as url:
        client = stripe.StripeClient(TEST_KEY, base_addresses={"api": url})
        newer, older, *_ = client.v1.events.list({"type": "customer.subscription.updated"}).data
    assert (newer.api_version, older.api_version) == (API_VERSION, OLDEST)
    end = subscription["items"]["data"][0]["current_period_end"]
    assert older.data.object["current_period_end"] == end
    assert older.data.object["discount"]["coupon"]["percent_off"] == 50
    assert older.to_dict()["data"]["previous_attributes"] == {"current_period_end": end - 86_400}
    assert "current_period_end" not in newer.data.object


def test_a_request_without_a_version_gets_the_one_of_the_account(tmp_path: Path) -> None:
    with Store(tmp_path / "state.db") as store:
        store.put(builders.customer(id="cus_a"))
        store.api_version = BASIL
    with Store(tmp_path / "state.db") as store, serving(store) as url:
        key = {"Authorization": f"Bearer {TEST_KEY}"}
        answer = httpx.get(f"{url}/v1/customers/cus_a", headers=key)
        assert answer.headers["stripe-version"] == BASIL
        assert "business_name" not in answer.json()
        with reader(url, API_VERSION) as client:
            answer = client.get("/customers/cus_a")
        assert answer.headers["stripe-version"] == API_VERSION
        assert "business_name" in answer.json()


def test_a_version_that_is_not_served_is_refused_by_name(store: Store) -> None:
    with pytest.raises(ValueError, match=f"2019-01-01.*{BASIL}"):
        store.api_version = "2019-01-01"
    assert store.api_version == API_VERSION


def test_the_listed_streams_are_those_that_ingestion_reads() -> None:
    assert {stream.name for stream in LISTED} == BY_NAME.keys() - {"payment_methods"}
