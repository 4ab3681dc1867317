"""Stores that are new at once share what is decided of accounts, each as if it was alone."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from reverse_sync_world import AS_OF, World

from reverse_sync.plan import planning
from reverse_sync.values.mapping import TraitMapping
from reverse_sync.values.store_rules import StoreRules

ACTIVE = {"stripe.mrr": 50, "stripe.currency": "usd", "stripe.currentSubscriptionStatus": "active"}
OUTBOX = """
    select account_id, op, name, traits, changes, source_md5, priority, attempts, status_before,
        status_after, mrr_before, mrr_after, currency, traits_held, lifecycle, facts, traits_set,
        traits_cleared, length, tracking, status, planned_at, version
    from sync.outbox order by account_id
"""
RUNS = "select version, selected, unchanged, invalid, sent, creates, traits_set, traits_cleared"
RUNS += ", churns, planned, status from sync.sync_runs"
INVALID = "select * from sync.sync_invalid order by all"


@pytest.fixture(autouse=True)
def many_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some for each store, also of few accounts."""
    monkeypatch.setattr(planning, "SHARED_PART", 2_000)


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    made = tmp_path / "plans"
    made.mkdir()
    return made


def world(tmp_path: Path, name: str) -> World:
    """A store of that name; all of them read the same published copy."""
    folder = tmp_path / name
    folder.mkdir()
    made = World(folder, f"sqlite:///{folder}/accounts.db")
    (folder / "marts.duckdb").symlink_to(tmp_path / "marts.duckdb")
    return made


def publish(tmp_path: Path, accounts: dict[str, dict[str, Any]]) -> None:
    """Some are null, some no trait's, one foreign, one twice."""
    rows: list[Any] = [(key, f"name of {key}", traits) for key, traits in accounts.items()]
    rows += [("twice", "a", ACTIVE), ("twice", "b", ACTIVE), ("foreign", None, {"app.plan": 1})]
    World(tmp_path, "").publish_rows(rows, {"a000": {"unknown_amount": "price p_1"}})


def businesses(count: int) -> dict[str, dict[str, Any]]:
    return {
        f"a{number:03}": {**ACTIVE, "stripe.mrr": number, "stripe.email": None}
        for number in range(count)
    }


def kept(one: World) -> list[Any]:
    return [one.state(query) for query in (OUTBOX, RUNS, INVALID)] + [one.traits()]


def test_stores_that_are_new_at_once_get_what_each_would_get_alone(
    tmp_path: Path, shared: Path
) -> None:
    publish(tmp_path, businesses(200))
    alone = world(tmp_path, "alone")
    assert alone.sync().creates == 200
    together = [world(tmp_path, name) for name in ("one", "two", "three")]
    at_once = threading.Barrier(len(together))

    def sync(one: World) -> int:
        at_once.wait()
        return one.sync(shared_plans=shared).creates

    with ThreadPoolExecutor(len(together)) as pool:
        assert [*pool.map(sync, together)] == [200] * 3
    for one in together:
        assert kept(one) == kept(alone)
    files = list(shared.glob("*.parquet"))
    assert len(files) > 3
    assert not list(shared.glob("*.tmp"))
    assert all(one.sync(shared_plans=shared).sent == 0 for one in together)


def test_what_was_decided_is_taken_over_only_where_it_is_the_same(
    tmp_path: Path, shared: Path
) -> None:
    publish(tmp_path, businesses(20))
    first = world(tmp_path, "first")
    first.sync(shared_plans=shared)
    decided = len(list(shared.glob("*.parquet")))

    changed = businesses(21) | {"a003": {**ACTIVE, "stripe.mrr": 7}}
    publish(tmp_path, changed)
    moved, alone = world(tmp_path, "moved"), world(tmp_path, "moved_alone")
    assert moved.sync(shared_plans=shared).creates == alone.sync().creates == 21
    assert kept(moved) == kept(alone)

    rules = StoreRules(mapping=TraitMapping(rename={"stripe.mrr": "revenue"}))
    mapped, mapped_alone = world(tmp_path, "mapped"), world(tmp_path, "mapped_alone")
    assert mapped.sync(shared_plans=shared, rules=rules).creates == 21
    assert mapped_alone.sync(rules=rules).creates == 21
    assert kept(mapped) == kept(mapped_alone)
    assert len(list(shared.glob("*.parquet"))) > decided

    later = {"as_of": AS_OF + timedelta(days=40)}
    late, late_alone = world(tmp_path, "late"), world(tmp_path, "late_alone")
    assert late.sync(shared_plans=shared, **later).creates == 21
    assert late_alone.sync(**later).creates == 21
    assert kept(late) == kept(late_alone)


def test_a_store_that_holds_something_decides_for_itself(tmp_path: Path, shared: Path) -> None:
    publish(tmp_path, businesses(20))
    old, new = world(tmp_path, "old"), world(tmp_path, "new")
    old.sync()
    publish(tmp_path, businesses(30))
    assert old.sync(shared_plans=shared).creates == 10
    assert not list(shared.glob("*.parquet"))
    assert new.sync(shared_plans=shared).creates == 30
    assert old.traits() == new.traits()
