"""The marts beside a full build of the same rows: what differs is found, told and mended."""

from datetime import timedelta
from pathlib import Path

import duckdb
import pytest
from command_line import run
from local_stripe import NOW
from pipeline import AS_OF, Pipeline

from orchestration.build.mart_comparisons import MartComparison
from orchestration.clock import now
from orchestration.dagster_local.dagster_home import dagster_instance
from orchestration.monitoring.checks import equals_full_build
from orchestration.monitoring.health import problems
from orchestration.stages.compare_builds import NotComparable, compare_builds
from orchestration.stages.load import load_stage
from orchestration.terminal.reporter import LogReporter

pytestmark = pytest.mark.long

QUIET = LogReporter(lambda line: None)
HALVED = "update marts.mrr_breakdown set monthly_amount = monthly_amount / 2"


def told(business: Pipeline) -> list[str]:
    with dagster_instance(business.settings) as instance:
        found = problems(business.settings, instance, (), now=now())
    return [problem.key for problem in found if problem.key == "marts_differ"]


def test_a_refresh_is_what_a_full_build_would_be(refreshed: Pipeline) -> None:
    refreshed.stripe.store.update("customer", "cus_one", {"name": "Renamed"}, now=NOW)
    refreshed.refresh(as_of=AS_OF + timedelta(hours=1))
    before = (refreshed.settings.warehouse.read_bytes(), refreshed.mart("from account_traits"))
    found = compare_builds(refreshed.settings, QUIET, at=now())
    assert found.differing == []
    assert len(found.marts) == len(tables(refreshed.settings.warehouse))
    assert refreshed.mart("from account_traits") == before[1]
    assert not list(refreshed.settings.folder.dbt.glob("compared"))
    assert equals_full_build(refreshed.settings).verdict == "pass"


def test_a_mart_that_is_otherwise_is_named_until_it_is_built_again(refreshed: Pipeline) -> None:
    with duckdb.connect(str(refreshed.settings.warehouse)) as database:
        database.execute(HALVED)
    found = compare_builds(refreshed.settings, QUIET, at=now())
    assert found.differing == [MartComparison("mrr_breakdown", 3, 3, 3)]
    published = (
        "select mart, lacking_rows, surplus_rows from mart_comparisons where lacking_rows > 0"
    )
    assert refreshed.mart(published) == [("mrr_breakdown", 3, 3)]
    assert equals_full_build(refreshed.settings).counts == {"mrr_breakdown": 6}
    assert told(refreshed) == ["marts_differ"]
    refreshed.refresh(full=True)
    assert compare_builds(refreshed.settings, QUIET, at=now()).differing == []
    assert told(refreshed) == []


def test_what_was_landed_since_is_built_first(refreshed: Pipeline) -> None:
    refreshed.stripe.store.update("customer", "cus_one", {"name": "Renamed"}, now=NOW)
    load_stage(refreshed.settings, QUIET, full=False)
    with pytest.raises(NotComparable, match="objects changed since the last build"):
        compare_builds(refreshed.settings, QUIET, at=now())


def test_the_command_says_what_was_compared(refreshed: Pipeline) -> None:
    settings = {"STRIPE_API_BASE": refreshed.stripe.url, "DATA_DIR": str(refreshed.folder)}
    done = run("reconcile", "--marts", cwd=refreshed.stripe.folder, **settings)
    assert done.returncode == 0, done.stderr
    assert "marts compared with a full build by dbt, different: none" in done.stdout


def tables(warehouse: Path) -> list[str]:
    with duckdb.connect(str(warehouse), read_only=True) as database:
        return [
            name
            for (name,) in database.execute(
                "select table_name from duckdb_tables() where schema_name = 'marts'"
            ).fetchall()
        ]
