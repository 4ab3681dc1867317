"""Every worked example of the contract, through the whole way: objects, landing, dbt, traits."""

import csv
import json
import shutil
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from examples import EXAMPLES, POPULATION, Example
from examples_build import PROJECT, RunSettings, Warehouse
from examples_objects import customer
from local_stripe import NOW, LocalStripe

from sandbox.server import serving
from sandbox.storage.store import Store

TABLES = {"single": "single_subscription_traits", "multi": "multi_subscription_traits"}


ALIVE = [one for one in POPULATION if not one.get("deleted")]
DELETED = [one for one in POPULATION if one.get("deleted")]


@pytest.fixture(scope="session")
def stripe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStripe]:
    """All examples as one population at a local Stripe, imported over HTTP; then the deletions."""
    folder = tmp_path_factory.mktemp("examples")
    with Store(folder / "sandbox.db") as store, serving(store) as url:
        served = LocalStripe(store, url, folder)
        store.load(ALIVE)
        served.load()
        for gone in DELETED:
            store.delete(gone["object"], gone["id"], now=NOW)
        served.load()
        yield served


@pytest.fixture(scope="session")
def warehouse(stripe: LocalStripe) -> Warehouse:
    """The examples built once, in single mode."""
    built = Warehouse(stripe.paths.warehouse)
    built.refresh(RunSettings())
    return built


@pytest.fixture(scope="session")
def widened(
    stripe: LocalStripe, warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory
) -> Warehouse:
    """The same in multi mode, with every duration counted, and one metadata key removed."""
    built = Warehouse(tmp_path_factory.mktemp("widened") / "warehouse.duckdb")
    shutil.copy(warehouse.path, built.path)
    built.land([customer("F73", metadata={"plan-x": "gold"})])
    built.refresh(RunSettings(multiple_subscriptions=True, mrr_discount_durations="all"))
    return built


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.id)
def test_example(example: Example, warehouse: Warehouse) -> None:
    for name, expected in (("single", example.single), ("multi", example.multi)):
        found = traits(warehouse, name, example.id)
        assert {column: found[column] for column in expected} == exact(expected)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.id)
def test_example_as_sent(example: Example, warehouse: Warehouse) -> None:
    found = sent(warehouse, example.id)
    assert {key: found[key] for key in example.sent} == example.sent


def test_f34_all_durations(widened: Warehouse) -> None:
    assert traits(widened, "single", "F34")["mrr_normalized"] == Decimal(50)


def test_f62_multi_mode_replaces_the_single_set(widened: Warehouse) -> None:
    found = sent(widened, "F62")
    rows = list(csv.DictReader((PROJECT / "transform/seeds/traits.csv").open()))
    single = [row["trait_key"] for row in rows if row["trait_set"] == "single"]
    assert {found[f"stripe.{key}"] for key in single} == {None}
    assert found["stripe.subscriptionIds"] == ["sub_F62_A", "sub_F62_B", "sub_F62_C"]
    assert found["stripe.lastInvoiceAmounts"] == [50, 30]
    assert found["stripe.allMrr"] == 50
    assert found["stripe.customerId"] == "cus_F62"


def test_f73_removed_key_is_no_longer_among_the_traits(widened: Warehouse) -> None:
    found = sent(widened, "F73")
    assert found["stripe.metadata.plan-x"] == "gold"
    assert "stripe.metadata.plan_x" not in found


@pytest.mark.long
def test_f77_repetition_and_order_change_nothing(stripe: LocalStripe, warehouse: Warehouse) -> None:
    tables = [*TABLES.values(), "account_traits", "mrr_breakdown"]
    before = {name: warehouse.records(f"from marts.{name} order by all") for name in tables}
    gone = {one["id"] for one in DELETED}
    for window in (ALIVE[20:], ALIVE[:40], list(reversed(ALIVE))):
        for one in window:
            if one["object"] != "card" and not gone & {one["id"], one.get("customer")}:
                stripe.store.put(one, now=NOW + 1)
        stripe.load()
    stripe.load(full=True)
    warehouse.refresh(RunSettings(), full=True)
    after = {name: warehouse.records(f"from marts.{name} order by all") for name in tables}
    assert after == before


def traits(warehouse: Warehouse, name: str, account: str) -> dict[str, Any]:
    [row] = warehouse.records(f"from marts.{TABLES[name]} where account_id = '{account}'")
    return row


def sent(warehouse: Warehouse, account: str) -> dict[str, Any]:
    [row] = warehouse.records(f"from marts.account_traits where account_id = '{account}'")
    return dict(json.loads(row["traits"], parse_float=Decimal))


def exact(value: Any) -> Any:
    """Expected values as DuckDB gives them: text that is a number is a decimal."""
    if isinstance(value, dict):
        return {key: exact(one) for key, one in value.items()}
    if isinstance(value, list):
        return [exact(one) for one in value]
    try:
        return Decimal(value) if isinstance(value, str) else value
    except ArithmeticError:
        return value
