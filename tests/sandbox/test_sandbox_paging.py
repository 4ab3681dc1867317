"""Paging of every kind of list, in both directions, at the sizes where pages begin and end."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox import builders
from sandbox.server import TEST_KEY, serving
from sandbox.storage.store import Store

T, SEED = 1_750_000_000, 5
SIZES = (0, 1, 99, 100, 101, 1000)
PRODUCT = builders.product(id="prod_many")
PRICE = builders.price(id="price_one", product="prod_one")
# Each list: what chooses its elements, and their kind.
LISTS: dict[str, tuple[dict[str, str], str]] = {
    "customers": ({"email": "many@example.com"}, "customer"),
    "subscriptions": ({"status": "all", "customer": "cus_one"}, "subscription"),
    "invoices": ({"customer": "cus_one"}, "invoice"),
    "invoiceitems": ({}, "invoiceitem"),
    "prices": ({"product": "prod_many"}, "price"),
    "plans": ({}, "plan"),
    "products": ({"active": "false"}, "product"),
    "coupons": ({}, "coupon"),
    "payment_methods": ({}, "payment_method"),
    "events": ({}, "event"),
    "customers/cus_one/payment_methods": ({}, "payment_method"),
    "customers/cus_one/sources": ({}, "card"),
    "customers/cus_one/subscriptions": ({"status": "all"}, "subscription"),
    "subscription_items": ({"subscription": "sub_wide"}, "subscription_item"),
    "invoices/in_wide/lines": ({}, "line_item"),
}


@dataclass(frozen=True)
class Held:
    client: httpx.Client
    ids: dict[str, list[str]]  # by kind, as a list of all of them shows them


@pytest.fixture(scope="module", params=SIZES)
def held(request: pytest.FixtureRequest) -> Iterator[Held]:
    print(f"seed {SEED}")  # noqa: T201
    rng = Random(SEED)
    names = [f"{number:x}" for number in rng.sample(range(10_000), request.param)]
    many = [one for name in names for one in some(name, T + rng.randrange(len(names) // 3 + 1))]
    items, lines = wide(len(names))
    ids = {kind: newest_first(many, kind) for kind in {one["object"] for one in many}}
    ids["subscription_item"] = [one["id"] for one in items["items"]["data"]]
    ids["line_item"] = [one["id"] for one in lines["lines"]["data"]]
    headers = {"Authorization": f"Bearer {TEST_KEY}"}
    with Store() as store:
        store.load([*many, items, lines, builders.customer(id="cus_one"), PRODUCT, PRICE])
        with serving(store) as url, httpx.Client(base_url=f"{url}/v1", headers=headers) as client:
            yield Held(client, ids)


def some(name: str, at: int) -> Iterator[dict[str, Any]]:
    """One object of each kind, made at the same moment."""
    yield builders.customer(id=f"cus_{name}", email="many@example.com", created=at)
    item = builders.item(price=PRICE)
    yield builders.subscription(id=f"sub_{name}", customer="cus_one", items=[item], created=at)
    yield builders.invoice(id=f"in_{name}", customer="cus_one", total=1, created=at)
    yield builders.invoice_item(
        id=f"ii_{name}", customer="cus_one", amount=1, currency="usd", date=at
    )
    price = builders.price(id=f"price_{name}", product="prod_many", created=at)
    yield from (price, builders.plan(price))
    yield builders.product(id=f"prod_{name}", created=at, active=False)
    yield builders.coupon(id=f"C{name}", percent_off=5, created=at)
    yield builders.payment_method(id=f"pm_{name}", customer="cus_one", created=at)
    yield builders.card(id=f"card_{name}", customer="cus_one")
    yield builders.event(id=f"evt_{name}", type="ping", object={"id": name}, created=at)


def wide(count: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """A subscription of so many items, an invoice of so many lines, both of nobody."""
    items = [builders.item(price=PRICE) for _ in range(count)]
    lines = [builders.line(amount=1) for _ in range(count)]
    return (
        builders.subscription(id="sub_wide", customer="cus_x", items=items),
        builders.invoice(id="in_wide", customer="cus_x", lines=lines),
    )


def newest_first(many: list[dict[str, Any]], kind: str) -> list[str]:
    """Then by id; a card has no time, an invoice item has `date`."""
    found = [one for one in many if one["object"] == kind]
    order = [(one.get("created") or one.get("date") or 0, one["id"]) for one in found]
    return [identity for _, identity in sorted(order, reverse=True)]


@pytest.mark.parametrize("path", LISTS)
def test_pages_join_to_the_whole_list_in_both_directions(held: Held, path: str) -> None:
    whole = held.ids.get(LISTS[path][1], [])
    pages = [*walk(held, path, "starting_after")]
    assert [one for ids in pages for one in ids] == whole
    assert [len(ids) for ids in pages[:-1]] == [100] * (len(pages) - 1)
    back = [*walk(held, path, "ending_before")]
    assert [one for ids in reversed(back) for one in ids] == whole[:-1]


@given(data=st.data())
@settings(max_examples=3, deadline=None, print_blob=True)
@pytest.mark.parametrize("path", LISTS)
def test_any_page_is_what_stands_beside_its_cursor(
    held: Held, path: str, data: st.DataObject
) -> None:
    whole = held.ids.get(LISTS[path][1], [])
    limit = data.draw(st.integers(1, 100), "limit")
    place = data.draw(st.none() | st.integers(0, max(0, len(whole) - 1)), "place")
    if place is None or not whole:
        assert page(held, path, limit) == (whole[:limit], len(whole) > limit)
        return
    after, before = whole[place + 1 :], whole[:place]
    found = page(held, path, limit, starting_after=whole[place])
    assert found == (after[:limit], len(after) > limit)
    found = page(held, path, limit, ending_before=whole[place])
    assert found == (before[-limit:], len(before) > limit)


def walk(held: Held, path: str, way: str) -> Iterator[list[str]]:
    """Every page from the newest on, or back from the oldest, which only a cursor leads to."""
    backwards = way == "ending_before"
    whole = held.ids.get(LISTS[path][1], [])
    cursor = {way: whole[-1]} if backwards and whole else {}
    more = not backwards or bool(whole)
    while more:
        ids, more = page(held, path, 100, **cursor)
        cursor = {way: ids[0 if backwards else -1]} if ids else {}
        yield ids


def page(held: Held, path: str, limit: int, **cursor: str) -> tuple[list[str], bool]:
    answer = held.client.get(path, params={**LISTS[path][0], "limit": limit, **cursor}).json()
    return [one["id"] for one in answer["data"]], answer["has_more"]
