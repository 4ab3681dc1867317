"""Whether the account store is true to the marts is told by the data, not by files beside it."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from local_stripe import NOW
from pipeline import AS_OF, MONTHLY, Pipeline, subscribe
from typer.testing import CliRunner

from ingestion.reconcile.slices import Share
from orchestration.build.transform import transform
from orchestration.cli import app
from orchestration.monitoring.alerts import notify
from orchestration.monitoring.health import Problem
from orchestration.pages.data_dictionary import write_docs
from orchestration.stages.build import transform_stage
from orchestration.stages.load import load_stage, reconcile_stage
from orchestration.terminal.reporter import LogReporter
from reverse_sync.guards import Blocked
from sandbox import builders

pytestmark = pytest.mark.long

ACCOUNTS = 60
MOMENTS = count(NOW + 1)
SQLITE, DUCKDB = b"SQLite format 3\x00", b"DUCK"
PROBLEM = Problem("freshness", "failed", "nothing was refreshed", "look")
MADE_AGAIN = ("dagster", "dbt", "dlt", "raw")


@pytest.fixture
def business(pipeline: Pipeline) -> Pipeline:
    pipeline.stripe.store.put(builders.product(id="prod_test", name="Product"))
    pipeline.stripe.store.put(MONTHLY)
    for number in range(ACCOUNTS):
        subscribe(pipeline, f"n{number}")
    return pipeline


def test_delivery_that_a_guard_blocked_stays_due(business: Pipeline) -> None:
    business.set(GUARD_CREATES="0")
    with pytest.raises(Blocked):
        business.refresh()
    business.set(GUARD_CREATES="off")
    for mark in business.folder.glob("*.json"):
        mark.unlink()
    assert business.refresh()["acknowledged"] == ACCOUNTS
    assert business.refresh() == {}, "brought to the last build"
    what_a_killed_run_left_is_done_by_the_next_one(business)


def what_a_killed_run_left_is_done_by_the_next_one(business: Pipeline) -> None:
    """Killed between build and publication, publication and plan, delivery and its publication."""
    settings, reporter = business.settings, LogReporter(lambda line: None)
    rename(business, "Built")
    load_stage(settings, reporter, full=False)
    transform(settings, as_of=AS_OF)
    assert business.refresh()["acknowledged"] == 1
    assert business.account("cus_n7")["name"] == "Built"

    rename(business, "Published")
    load_stage(settings, reporter, full=False)
    transform_stage(settings, reporter, as_of=AS_OF)
    published = settings.marts.read_bytes()
    assert business.refresh()["acknowledged"] == 1
    assert business.account("cus_n7")["name"] == "Published"

    settings.marts.write_bytes(published)
    assert business.refresh()["unchanged"] == ACCOUNTS, "not known, so looked at again"
    assert business.refresh() == {}


def test_accounts_follow_a_change_of_what_is_tracked(business: Pipeline) -> None:
    """With nothing new at Stripe, too."""
    business.refresh()
    assert business.account("cus_n7")["mrr"] == "50"
    tracking("set", "revenue", "app.arr", "--rule", "amount")
    assert business.refresh()["acknowledged"] == ACCOUNTS
    assert business.account("cus_n7")["mrr"] is None
    assert business.refresh() == {}
    tracking("restore")  # nothing of the operator's was replaced
    assert business.refresh() == {}
    with closing(sqlite3.connect(business.folder / "accounts.db")) as store, store:
        store.execute("update tracking_config set trait = 'stripe.mrr' where aspect = 'revenue'")
    assert business.refresh()["acknowledged"] == ACCOUNTS, "set in the store itself"
    assert business.account("cus_n7")["mrr"] == "50"
    assert business.refresh() == {}


def test_a_trial_whose_end_an_operator_set_ends_by_time_alone(business: Pipeline) -> None:
    """With nothing new at Stripe, and nothing built."""
    business.stripe.store.put(builders.customer(id="cus_tries", created=NOW))
    business.refresh()
    with closing(sqlite3.connect(business.folder / "accounts.db")) as store, store:
        store.execute(
            "update accounts set traits = json_set(traits, '$.\"app.until\"', '2025-06-20')"
            " where account_id = 'cus_tries'"
        )
    tracking("set", "trial", "app.until", "--rule", "end_date")
    business.refresh()
    assert business.account("cus_tries")["lifecycle_status"] == "trial"
    assert business.refresh(as_of=AS_OF + timedelta(days=4)) == {}
    assert business.refresh(as_of=AS_OF + timedelta(days=5))["acknowledged"] == 1
    assert business.account("cus_tries")["lifecycle_status"] is None
    assert business.refresh(as_of=AS_OF + timedelta(days=5)) == {}


def tracking(*words: str) -> None:
    done = CliRunner().invoke(app, ["tracking", *words])
    assert done.exit_code == 0, done.output


def rename(business: Pipeline, name: str) -> None:
    business.stripe.store.update("customer", "cus_n7", {"name": name}, now=next(MOMENTS))


def garble(path: Path) -> None:
    """As a machine that lost its power can leave it."""
    path.write_bytes(b"\x00\xff{ no more of it")


@pytest.mark.parametrize("damage", [Path.unlink, garble])
def test_store_is_true_after_the_next_sync_whatever_file_is_lost(
    business: Pipeline, damage: Callable[[Path], None]
) -> None:
    """Each time a build is published whose delivery was blocked."""
    settings, now = business.settings, datetime.now(UTC)
    business.refresh()
    notify(settings, [PROBLEM], now=now)
    reconcile_stage(settings, LogReporter(lambda line: None), share=Share())
    write_docs(settings)
    kept_again = {path for path in files(settings.data_dir) if is_made_again(business, path)}
    own = set(files(settings.data_dir)) - kept_again
    assert {"refreshed", "alerts.json"} <= {path.name for path in own}
    for number, lost in enumerate((own, kept_again), start=1):
        rename(business, name := f"New {number}")
        business.set(GUARD_UPDATES="0")
        with pytest.raises(Blocked):
            business.refresh()
        business.set(GUARD_UPDATES="off")
        for path in lost:
            damage(path)
        business.refresh()
        assert business.account("cus_n7")["name"] == name, sorted(lost)
    assert [one.state for one in notify(settings, [PROBLEM], now=now)] == ["failed"]


def files(folder: Path) -> Iterator[Path]:
    """Those that are no database."""
    for path in folder.rglob("*"):
        if path.is_file() and not path.name.endswith(("-wal", "-shm")):
            head = path.read_bytes()[:16]
            if head != SQLITE and head[8:12] != DUCKDB:
                yield path


def is_made_again(business: Pipeline, path: Path) -> bool:
    return path.relative_to(business.folder).parts[0] in MADE_AGAIN
