"""A refresh rebuilds what changed, and leaves what a full build would have made."""

import random
import shutil
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from changing_business import Business
from examples_build import AS_OF, RunSettings, Warehouse, create_warehouse
from hypothesis import HealthCheck, Phase, settings
from hypothesis import given as given_by_hypothesis
from hypothesis import strategies as st

from orchestration.build import mart_comparisons
from orchestration.build.scope import BuildKind
from orchestration.build.transform import Transformed
from orchestration.publication.publish import publish

pytestmark = pytest.mark.long

STEPS = 4
PASSING = [timedelta(0), timedelta(hours=7), timedelta(days=1), timedelta(days=2)]


@settings(
    max_examples=2,
    deadline=None,
    print_blob=True,
    phases=[Phase.explicit, Phase.generate],  # each example takes seconds: none is made smaller
    suppress_health_check=list(HealthCheck),
)
@given_by_hypothesis(seed=st.integers(0, 2**32))
def test_refreshes_end_in_the_rows_of_a_full_build(
    seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    chance = random.Random(seed)
    business = Business(chance)
    warehouse = create_warehouse(tmp_path_factory.mktemp("changing") / "warehouse.duckdb")
    clock = moments()
    settled = RunSettings(
        mrr_pause_collection=chance.choice(["keep", "zero"]),
        account_id_metadata_key=chance.choice(["account_id", "account_id", None]),
    )
    land(warehouse, business.begin(), clock)
    published = publish_build(warehouse, warehouse.refresh(settled))
    as_of = settled.as_of
    for number in range(STEPS):
        land(warehouse, business.step(), clock)
        as_of += chance.choice(PASSING)
        made = warehouse.refresh(RunSettings(**{**vars(settled), "as_of": as_of}))
        assert made.scope.kind is not BuildKind.FULL, made.scope.why
        publish_build(warehouse, made)
        if number == STEPS - 1:
            refreshed, rebuilt = marts(warehouse), marts(rebuild(warehouse, settled, as_of))
            for name, rows in rebuilt.items():
                assert refreshed[name] == rows, f"seed {seed}, step {number}: {name}"
            copied = rows_of(published, "main")
            assert copied.pop(mart_comparisons.TABLE) == []
            assert set(copied) >= {"account_traits", "subscriptions", "mrr_by_month"}
            for name, rows in copied.items():
                assert rows == refreshed[f"marts.{name}"], f"seed {seed}: published {name}"


def publish_build(warehouse: Warehouse, made: Transformed) -> Path:
    """The published copy, brought along with this build."""
    copy = warehouse.path.with_name("marts.duckdb")
    with duckdb.connect(str(warehouse.path)) as database:
        if made.scope.kind is not BuildKind.NOTHING:
            publish(database, copy, build=made.scope.id, follows=made.scope.follows)
    return copy


def moments() -> Callable[[], datetime]:
    """A later moment at each call."""
    moment = AS_OF

    def later() -> datetime:
        nonlocal moment
        moment += timedelta(seconds=1)
        return moment

    return later


def land(
    warehouse: Warehouse, changes: Iterator[tuple[str, list[Any]]], clock: Callable[[], datetime]
) -> None:
    for stripe_account, objects in changes:
        warehouse.land(objects, read_at=clock(), stripe_account_id=stripe_account)


def rebuild(warehouse: Warehouse, settled: RunSettings, as_of: datetime) -> Warehouse:
    """A copy of the same name, built whole at the same moment."""
    folder = warehouse.path.parent / f"full_{as_of:%d%H%M%S%f}"
    folder.mkdir(exist_ok=True)
    copied = Warehouse(folder / warehouse.path.name)
    shutil.copy(warehouse.path, copied.path)
    copied.refresh(RunSettings(**{**vars(settled), "as_of": as_of}), full=True)
    return copied


def marts(warehouse: Warehouse) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all marts and of the history, sorted."""
    return {
        f"{schema}.{name}": rows
        for schema in ("marts", "history")
        for name, rows in rows_of(warehouse.path, schema).items()
    }


def rows_of(path: Path, schema: str) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of the tables of one schema, sorted."""
    with duckdb.connect(str(path), read_only=True) as database:
        names = database.execute(
            "select table_name from duckdb_tables() where schema_name = ? order by 1", [schema]
        ).fetchall()
        return {
            name: database.execute(
                f'select columns(*)::varchar from {schema}."{name}" order by all'
            ).fetchall()
            for (name,) in names
        }
