"""An account store that is away stops no load: what is new is published, and the delivery owed."""

import json
import sqlite3
import threading
import time
from itertools import count
from pathlib import Path

import pytest
from dagster import AssetKey, DagsterInstance
from local_stripe import NOW
from pipeline import AS_OF, QUIET, Pipeline, subscribed
from typer.testing import CliRunner, Result

from orchestration.cli import app
from orchestration.code_location.contents import definitions
from orchestration.code_location.job_names import REFRESH, REVERSE_SYNC
from orchestration.code_location.run_tags import run_tags
from orchestration.live.resident import Cycle, live
from orchestration.publication.delivery_due import delivery_due
from orchestration.terminal.reporter import LogReporter
from reverse_sync.stores.account_store import AccountStoreError

pytestmark = pytest.mark.long

MOMENTS = count(NOW + 1)
REMEDY = "is missing or not writable; create it or change ACCOUNT_STORE_URL"


@pytest.fixture
def business(pipeline: Pipeline) -> Pipeline:
    """Its account store is in a folder that can be away."""
    pipeline.set(ACCOUNT_STORE_URL=f"sqlite:///{folder(pipeline)}/accounts.db")
    return subscribed(pipeline, "one", "two", "three")


def folder(business: Pipeline) -> Path:
    return business.folder.parent / "store"


def goes_away(business: Pipeline) -> None:
    folder(business).rename(folder(business).with_name("away"))


def comes_back(business: Pipeline) -> None:
    folder(business).with_name("away").rename(folder(business))


def rename(business: Pipeline, name: str) -> None:
    business.stripe.store.update("customer", "cus_one", {"name": name}, now=next(MOMENTS))


def published(business: Pipeline) -> str:
    [(name,)] = business.mart("select name from account_traits where account_id = 'cus_one'")
    return str(name)


def held(business: Pipeline) -> str:
    with sqlite3.connect(folder(business) / "accounts.db") as store:
        [(name,)] = store.execute("select name from accounts where account_id = 'cus_one'")
    return str(name)


def sync(*words: str) -> Result:
    return CliRunner().invoke(app, ["sync", "--as-of", "2025-06-15", *words])


def test_sync_loads_builds_publishes_and_owes_the_delivery(business: Pipeline) -> None:
    first = sync()
    assert (first.exit_code, len(first.stderr.splitlines()[-1:])) == (1, 1)
    assert REMEDY in first.stderr.splitlines()[-1]
    assert "3 customers" in first.stdout
    assert "3 accounts from 3 subscriptions" in first.stdout
    assert "nothing was sent: it is not known whether the account store holds" in first.stdout
    folder(business).mkdir()
    assert "3 created, 0 updated" in sync().stdout, "the next one delivers what is owed"

    goes_away(business)
    rename(business, "New")
    told = sync("--json")
    assert told.exit_code == 1
    summary = json.loads(told.stdout)
    assert summary["landed"]["customers"] == 1
    assert summary["owed"] == "the marts are newer than the account store"
    assert REMEDY in summary["failure"]
    assert published(business) == "New"
    assert sync().exit_code == 1, "still owed, though nothing is new"
    comes_back(business)
    assert "0 created, 1 updated" in sync().stdout
    assert held(business) == "New"
    assert "true to the marts already" in sync().stdout


def test_a_sync_that_a_guard_blocks_says_so(business: Pipeline) -> None:
    folder(business).mkdir()
    business.set(GUARD_UPDATES="0")
    sync()
    rename(business, "New")
    blocked = sync()
    said = "nothing was sent: blocked by a guard: updates ('stripe-traits plan')\n"
    assert (blocked.exit_code, said in blocked.stdout) == (3, True)
    told = sync("--json")
    assert json.loads(told.stdout)["blocked_by"] == ["updates"]


def test_wrong_settings_are_refused_before_anything_is_read(business: Pipeline) -> None:
    for url, secret in (("mysql://host/db", ""), ("sqlite://x.db", ""), ("https://host/x", "")):
        business.set(ACCOUNT_STORE_URL=url, ACCOUNT_STORE_SECRET=secret)
        for command in (["sync"], ["live", "--for", "1"]):
            ended = CliRunner().invoke(app, command)
            assert (ended.exit_code, ended.stdout) == (2, "")
            [line] = ended.stderr.splitlines()
            assert line.startswith("stripe-traits: ACCOUNT_STORE_")
    assert not (business.folder / "warehouse.duckdb").exists()


def test_a_run_of_dagster_fails_at_the_store_alone_and_the_next_one_delivers(
    business: Pipeline,
) -> None:
    defs, tags = definitions(pool=None), run_tags(as_of=AS_OF, full=False)

    def run(job: str) -> set[str]:
        with DagsterInstance.ephemeral() as instance:
            ended = defs.resolve_job_def(job).execute_in_process(
                instance=instance,
                run_config=QUIET,
                tags=tags,
                raise_on_error=False,
            )
            made = {event.asset_key for event in ended.get_asset_materialization_events()}
        assert ended.success == (AssetKey("account_store") in made)
        return {key.to_user_string() for key in made if key}

    made = run(REFRESH)
    assert "stripe/customers" in made
    assert "marts/account_traits" in made
    assert "account_store" not in made
    assert delivery_due(business.settings)
    folder(business).mkdir()
    assert run(REVERSE_SYNC) == {"account_store"}
    assert delivery_due(business.settings) is None


def test_live_goes_on_reading_and_delivers_when_the_store_is_back(business: Pipeline) -> None:
    business.set(LIVE_POLL_SECONDS="0.5")
    cycles: list[Cycle] = []
    stop, back = threading.Event(), threading.Event()
    began = time.monotonic()

    def report(cycle: Cycle) -> None:
        assert time.monotonic() - began < 120
        cycles.append(cycle)
        if len(cycles) == 1:
            rename(business, "New")
        elif cycle.built and not back.is_set():
            assert published(business) == "New", "loaded and published though nothing can be sent"
            back.set()
            folder(business).mkdir()
        elif cycle.delivered and cycle.delivered.acknowledged:
            stop.set()

    reporter = LogReporter(lambda line: None)
    live(business.settings, reporter, clock=lambda: AS_OF, stop=stop, report=report)
    assert held(business) == "New"
    assert REMEDY in str(cycles[0].failure)


def test_live_that_ends_while_a_delivery_is_owed_says_so(business: Pipeline) -> None:
    stop = threading.Event()
    with pytest.raises(AccountStoreError, match="create it or change ACCOUNT_STORE_URL"):
        live(
            business.settings,
            LogReporter(lambda line: None),
            clock=lambda: AS_OF,
            stop=stop,
            report=lambda cycle: stop.set(),
        )
    assert published(business) == "one"
