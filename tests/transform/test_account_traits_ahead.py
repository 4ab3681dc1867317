"""account_traits may go ahead of all other marts: what it says is what a refresh of all would have
said, and nothing is left of it once all marts have followed."""

import random
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from changing_business import Business
from examples_build import AS_OF, RunSettings, Warehouse, create_warehouse
from examples_objects import simple
from history_builds import land, marts, moments, publish_build, rebuild, rows_of
from hypothesis import HealthCheck, Phase, settings
from hypothesis import given as given_by_hypothesis
from hypothesis import strategies as st

from orchestration.build import account_traits_ahead
from orchestration.build.account_traits_ahead import build_ahead
from orchestration.build.rerun_build import Doubt
from orchestration.build.scope import decide
from orchestration.publication.ahead import publish_ahead
from orchestration.publication.published_file import Copy
from sandbox.builders import customer

pytestmark = pytest.mark.long

STEPS = 6
LATER = AS_OF + timedelta(hours=1)


def go_ahead(warehouse: Warehouse, settled: RunSettings, published: Path) -> str:
    """The build's id. Raises Doubt."""
    given = warehouse.settings(settled)
    with duckdb.connect(str(warehouse.path)) as database:
        scope = decide(database, given, as_of=settled.as_of)
        ahead = build_ahead(database, given, scope, as_of=settled.as_of)
        publish_ahead(database, Copy(published), ahead)
    return ahead.id


def mark(published: Path) -> tuple[Any, ...]:
    with duckdb.connect(str(published), read_only=True) as database:
        query = "select id, account_traits_build, account_traits_as_of from publication.build"
        return database.execute(query).fetchall()[0]


@settings(
    max_examples=3,
    deadline=None,
    print_blob=True,
    phases=[Phase.explicit, Phase.generate],  # each example takes seconds: none is made smaller
    suppress_health_check=list(HealthCheck),
)
@given_by_hypothesis(seed=st.integers(0, 2**32))
def test_what_goes_ahead_is_what_a_refresh_would_have_made(
    seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    chance = random.Random(seed)
    business, clock = Business(chance), moments()
    warehouse = create_warehouse(tmp_path_factory.mktemp("ahead") / "warehouse.duckdb")
    settled, went = RunSettings(), 0
    land(warehouse, business.begin(), clock)
    published = publish_build(warehouse, warehouse.refresh(settled))
    land(warehouse, news(business), clock)  # leaves the text of a refresh
    settled = replace(settled, as_of=settled.as_of + timedelta(hours=1))
    publish_build(warehouse, warehouse.refresh(settled))
    for number in range(STEPS):
        land(warehouse, news(business), clock)
        settled = replace(settled, as_of=settled.as_of + timedelta(hours=chance.randint(1, 20)))
        with suppress(Doubt):  # dbt renders otherwise what changed
            went_ahead(warehouse, settled, published, f"seed {seed}, step {number}")
            went += 1
        if chance.random() < 0.4 or number == STEPS - 1:
            publish_build(warehouse, warehouse.refresh(settled))
            built = marts(warehouse)
            for name, rows in rows_of(published, "main").items():
                assert rows == built.get(f"marts.{name}", rows), f"seed {seed}: {name}"
            assert "ahead" not in rows_of(published, "publication"), f"seed {seed}"
    assert went >= STEPS / 2, f"seed {seed}"


def news(business: Business) -> Iterator[tuple[str, list[Any]]]:
    """A step that changes something."""
    while not (step := list(business.step())):
        pass
    return iter(step)


def went_ahead(warehouse: Warehouse, settled: RunSettings, published: Path, told: str) -> None:
    before, others = marts(warehouse), rows_of(published, "main")
    go_ahead(warehouse, settled, published)
    assert marts(warehouse) == before, f"{told}: the warehouse is not as it was"
    expected = rows_of(rebuild(warehouse, settled, settled.as_of, full=False).path, "marts")
    found = rows_of(published, "main")
    assert found.pop("account_traits") == expected["account_traits"], told
    others.pop("account_traits")
    assert found == others, f"{told}: another mart has moved"


@pytest.fixture
def refreshed(tmp_path: Path) -> tuple[Warehouse, Path]:
    """Accounts a and b, built twice, so that the text of a refresh is kept, and published."""
    warehouse = create_warehouse(tmp_path / "warehouse.duckdb")
    warehouse.land([*simple("a", 5000), *simple("b", 8000)])
    warehouse.refresh(RunSettings())
    warehouse.land(simple("a", 6000), read_at=AS_OF + timedelta(minutes=1))
    return warehouse, publish_build(warehouse, warehouse.refresh(RunSettings()))


def moved(warehouse: Warehouse, account: str, at: datetime) -> None:
    """The customer of a belongs to that account."""
    [of_a] = [one for one in simple("a", 6000) if one["object"] == "customer"]
    warehouse.land([of_a | {"metadata": {"account_id": account}}], read_at=at)


def test_a_customer_that_moves_on_leaves_no_account_behind(
    refreshed: tuple[Warehouse, Path],
) -> None:
    """From a to x, which goes ahead, and to y before all marts follow: x was never built."""
    warehouse, published = refreshed
    for hour, account in enumerate("xy", start=1):
        at = AS_OF + timedelta(hours=hour)
        moved(warehouse, account, at)
        go_ahead(warehouse, RunSettings(as_of=at), published)
        accounts = {row[0] for row in rows_of(published, "main")["account_traits"]}
        assert accounts == {account, "b"}
    publish_build(warehouse, warehouse.refresh(RunSettings(as_of=at)))
    assert rows_of(published, "main")["account_traits"] == marts(warehouse)["marts.account_traits"]


def test_all_marts_that_say_the_same_leave_nothing_to_deliver(
    refreshed: tuple[Warehouse, Path],
) -> None:
    warehouse, published = refreshed
    warehouse.land(simple("b", 9000), read_at=LATER)
    ahead = go_ahead(warehouse, RunSettings(as_of=LATER), published)
    assert mark(published)[1:] == (ahead, LATER)
    made = warehouse.refresh(RunSettings(as_of=LATER))
    publish_build(warehouse, made)
    assert mark(published) == (made.scope.id, ahead, LATER)


def test_all_marts_that_say_otherwise_are_delivered(refreshed: tuple[Warehouse, Path]) -> None:
    warehouse, published = refreshed
    warehouse.land(simple("b", 9000), read_at=LATER)
    go_ahead(warehouse, RunSettings(as_of=LATER), published)
    warehouse.land(simple("b", 9500), read_at=LATER + timedelta(minutes=1))
    made = warehouse.refresh(RunSettings(as_of=LATER))
    publish_build(warehouse, made)
    assert mark(published) == (made.scope.id, made.scope.id, LATER)


def test_a_value_that_no_rule_knows_does_not_go_ahead(refreshed: tuple[Warehouse, Path]) -> None:
    warehouse, published = refreshed
    objects = simple("b", 9000)
    [subscription] = [one for one in objects if one["object"] == "subscription"]
    warehouse.land([subscription | {"status": "brandnew"}], read_at=LATER)
    before = rows_of(published, "main")
    with pytest.raises(Doubt, match="assert_no_unknown_values"):
        go_ahead(warehouse, RunSettings(as_of=LATER), published)
    assert rows_of(published, "main") == before


def test_more_than_memory_should_hold_does_not_go_ahead(
    refreshed: tuple[Warehouse, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where a price changes that every account pays."""
    warehouse, published = refreshed
    warehouse.land([*simple("a", 9000), *simple("b", 9000)], read_at=LATER)
    before, kept = rows_of(published, "main"), marts(warehouse)
    monkeypatch.setattr(account_traits_ahead, "MOST_BYTES", 1000)
    with pytest.raises(Doubt, match="many accounts changed"):
        go_ahead(warehouse, RunSettings(as_of=LATER), published)
    assert rows_of(published, "main") == before
    assert marts(warehouse) == kept


def test_a_month_that_began_does_not_go_ahead(refreshed: tuple[Warehouse, Path]) -> None:
    warehouse, published = refreshed
    with pytest.raises(Doubt, match="a month began"):
        go_ahead(warehouse, RunSettings(as_of=AS_OF + timedelta(days=30)), published)


def test_a_copy_of_an_older_version_is_marked(refreshed: tuple[Warehouse, Path]) -> None:
    warehouse, published = refreshed
    with duckdb.connect(str(published)) as database:
        for column in ("account_traits_build", "account_traits_as_of"):
            database.execute(f"alter table publication.build drop column {column}")
    warehouse.land([customer(id="cus_c", metadata={"account_id": "c"})], read_at=LATER)
    ahead = go_ahead(warehouse, RunSettings(as_of=LATER), published)
    assert mark(published)[1:] == (ahead, LATER)
