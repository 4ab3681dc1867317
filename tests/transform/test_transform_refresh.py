"""A refresh rebuilds what changed, and leaves what a full build would have made."""

import random
from datetime import timedelta

import pytest
from changing_business import Business
from examples_build import RunSettings, create_warehouse
from history_builds import land, marts, moments, publish_build, rebuild, rows_of
from hypothesis import HealthCheck, Phase, example, settings
from hypothesis import given as given_by_hypothesis
from hypothesis import strategies as st

from orchestration.build import mart_comparisons
from orchestration.build.scope import BuildKind

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
@example(seed=1900)  # twice at one moment, an account that moves with an estimated amount
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
