"""A large store's file: packed, in the order of its lists, and the same to whoever reads it."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from orchestration.terminal.failures import WRONG_USAGE, exit_code
from sandbox import builders, clock
from sandbox.population import Population, generate
from sandbox.population.filling import PACKED, fill
from sandbox.server import TEST_KEY, serving
from sandbox.storage import batches
from sandbox.storage.packing import Packing, dictionary
from sandbox.storage.rows import row
from sandbox.storage.store import Store, WrongFile

NOW = 1_790_000_000
BUSINESS = Population(customers=80, seed=4, now=NOW)
KINDS = ("customer", "subscription", "invoice", "price", "discount", "card", "event")


@pytest.fixture
def stores() -> Iterator[tuple[Store, Store]]:
    """The same business as it is, and packed."""
    objects = list(generate(BUSINESS))
    shared = dictionary([row(one).text for one in objects])
    with Store() as plain, Store() as packed:
        plain.load(objects)
        packed.load_batches([batches.batch(objects, Packing(shared).pack)], shared)
        for store in (plain, packed):
            clock.put(store, NOW)
        yield plain, packed


def sizes(store: Store) -> int:
    tables = ("customers", "subscriptions", "invoices", "events")
    return sum(store.one(f"SELECT sum(length(packed)) FROM {table}")[0] for table in tables)


def test_a_packed_store_is_a_tenth_of_the_size_and_reads_the_same(
    stores: tuple[Store, Store],
) -> None:
    plain, packed = stores
    assert sizes(packed) * 10 < sizes(plain)
    assert packed.truth(KINDS) == plain.truth(KINDS)
    urls = ("invoices?collection_method=send_invoice&limit=100", "events?limit=100", "prices")
    urls += ("subscriptions?limit=100&expand[]=data.latest_invoice&expand[]=data.customer",)
    assert answers(packed, urls) == answers(plain, urls)


def answers(store: Store, urls: tuple[str, ...]) -> list[Any]:
    headers = {"Authorization": f"Bearer {TEST_KEY}"}
    with serving(store) as url, httpx.Client(headers=headers) as client:
        found = [client.get(f"{url}/v1/{path}").json() for path in urls]
        older = {"Stripe-Version": "2022-11-15"}
        return [*found, client.get(f"{url}/v1/invoices", headers=older).json()]


def test_changes_of_a_packed_store_are_those_of_any(stores: tuple[Store, Store]) -> None:
    for store in stores:
        first, second, *_ = (one["id"] for one in store.objects("customer"))
        store.update("customer", first, {"balance": -5}, now=NOW + 1)
        store.delete("customer", second, now=NOW + 2)
        price = next(one for one in store.objects("price") if one["recurring"])
        store.put(price | {"nickname": "Other"}, now=NOW + 3)
        store.put(builders.customer(id="cus_new", created=NOW + 4))
    plain, packed = stores
    assert packed.truth(KINDS) == plain.truth(KINDS)
    assert sizes(packed) * 10 < sizes(plain)


def test_a_large_population_is_packed_and_lies_in_the_order_of_its_lists() -> None:
    with Store() as store:
        fill(store, Population(customers=PACKED, seed=4, now=NOW))
        (whole,) = store.one("SELECT sum(length(json)) FROM invoices")
        assert store.one("SELECT sum(length(packed)) FROM invoices")[0] * 10 < whole
        for table in ("customers", "invoices"):
            found = store.db().execute(f"SELECT created, id FROM {table} ORDER BY rowid").fetchall()
            assert found == sorted(found)


def test_an_interrupted_filling_begins_anew(tmp_path: Path) -> None:
    made = list(generate(BUSINESS))

    def interrupted() -> Iterator[dict[str, Any]]:
        yield from made[:700]
        raise KeyboardInterrupt

    with Store(tmp_path / "state.db") as store, pytest.raises(KeyboardInterrupt):
        store.load(interrupted())
    with Store(tmp_path / "state.db") as store:
        store.load(made)
        held = Counter(one["object"] for one in made)
        for kind in ("customer", "subscription", "invoice", "event"):
            assert store.count(kind) == held[kind]
    assert not list(tmp_path.glob("*.load"))


def test_a_file_that_cannot_be_understood_names_the_remedy(tmp_path: Path) -> None:
    with Store(tmp_path / "state.db") as store:
        store.db().execute("PRAGMA user_version = 0")
    with pytest.raises(WrongFile, match=r"state.db: not filled to the end.*delete it") as refused:
        Store(tmp_path / "state.db")
    assert exit_code(refused.value) == WRONG_USAGE


def test_the_same_texts_make_the_same_dictionary() -> None:
    texts = [orjson.dumps(one) for one in generate(BUSINESS)]
    assert dictionary(texts) == dictionary(texts)
    packing = Packing(dictionary(texts))
    assert [packing.unpack(packing.pack(text)) for text in texts] == texts
