"""Several account stores at once, each with its own accounts, traits, names and failures."""

import os
import signal
import socket
import sqlite3
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from typing import Any

import duckdb
import orjson
import psycopg
import pytest
import yaml
from command_line import PROGRAM, environment, run
from dagster import DagsterEventType
from local_stripe import DAY, NOW
from pipeline import AS_OF, QUIET, Pipeline, subscribe, written
from target_servers import SECRET, Receiver, running

from orchestration.code_location.contents import definitions
from orchestration.code_location.job_names import REVERSE_SYNC
from orchestration.code_location.run_tags import run_tags
from orchestration.configuration.environment import WrongSettings
from orchestration.configuration.stores.further_stores import further_stores
from orchestration.dagster_local.dagster_home import dagster_instance
from orchestration.live.resident import Cycle, live
from orchestration.stages.stores_failed import StoresFailed
from orchestration.terminal.reporter import LogReporter
from sandbox import builders

pytestmark = pytest.mark.long
MOST_CYCLES = 60
PATIENCE = 120  # seconds: other load makes clocks unreliable
AT = ("--as-of", "2025-06-15")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with running(Receiver()) as server:
        yield server


def define(pipeline: Pipeline, **stores: dict[str, Any] | None) -> None:
    """In SQLite files, unless the test says otherwise."""
    (pipeline.stripe.folder / "stores.yml").write_text(yaml.safe_dump({"stores": stores}))
    for name in stores:
        path = pipeline.stripe.folder / f"{name}.db"
        pipeline.set(**{f"STORE_{name.upper()}_URL": f"sqlite:///{path}"})


def command(pipeline: Pipeline, *words: str, **settings: str) -> Any:
    address = {"STRIPE_API_BASE": pipeline.stripe.url, "DATA_DIR": str(pipeline.folder)}
    return run(*words, cwd=pipeline.stripe.folder, **(address | settings))


def held(pipeline: Pipeline, store: str) -> dict[str, dict[str, Any]]:
    """A further store's rows by account, with the values of their traits."""
    with closing(sqlite3.connect(pipeline.stripe.folder / f"{store}.db")) as database:
        database.row_factory = sqlite3.Row
        rows = [dict(row) for row in database.execute("select * from accounts")]
    return {row["account_id"]: row | {"traits": orjson.loads(row["traits"])} for row in rows}


def test_a_store_that_is_added_gets_everything_alone_and_later_changes_with_the_others(
    refreshed: Pipeline, postgres_url: str, receiver: Receiver
) -> None:
    define(refreshed, team=None, app={"rename": {"stripe.mrr": "monthly_revenue"}})
    refreshed.set(STORE_TEAM_URL=postgres_url, STORE_APP_SECRET=SECRET)
    refreshed.set(STORE_APP_URL=f"http://127.0.0.1:{receiver.port}/hook")
    before = refreshed.account("cus_one")
    sent = command(refreshed, "sync", *AT, "--json")
    assert sent.returncode == 0, sent.stderr
    stores = orjson.loads(sent.stdout)["stores"]
    assert {name: one["creates"] for name, one in stores.items()} == {"app": 3, "team": 3}
    assert refreshed.account("cus_one") == before
    assert {request.body["set"]["monthly_revenue"] for request in receiver.requests} == {50}

    subscribe(refreshed, "four")
    refreshed.sync()
    assert refreshed.account("cus_four")["mrr"] == "50"
    assert [request.body["account"] for request in receiver.requests[3:]] == ["cus_four"]
    with psycopg.connect(postgres_url) as database:
        found = database.execute("select account_id, mrr from accounts order by 1").fetchall()
    assert found == [(f"cus_{name}", Decimal(50)) for name in ("four", "one", "three", "two")]
    again = command(refreshed, "sync", *AT, "--json")
    assert orjson.loads(again.stdout)["stores"] == {}


def test_stores_that_are_new_at_once_share_what_is_decided(refreshed: Pipeline) -> None:
    """Each holds what the account store does, and nothing is left of what they shared."""
    define(refreshed, one=None, two=None, mapped={"rename": {"stripe.mrr": "revenue"}})
    (refreshed.folder / "plans" / "killed").mkdir(parents=True)
    os.utime(refreshed.folder / "plans" / "killed", (0, 0))
    sent = command(refreshed, "sync", *AT)
    assert sent.returncode == 0, sent.stderr
    ours = refreshed.account("cus_one")["traits"]
    for name in ("one", "two"):
        assert held(refreshed, name)["cus_one"]["traits"] == ours
        records = str(refreshed.folder / "stores" / name / "records.duckdb")
        with duckdb.connect(records, read_only=True) as database:
            runs = database.execute("select creates, acknowledged from sync.sync_runs").fetchall()
        assert runs == [(3, 3)]
    renamed = held(refreshed, "mapped")["cus_one"]["traits"]
    assert (renamed["revenue"], "stripe.mrr" in renamed) == (50, False)
    assert list((refreshed.folder / "plans").iterdir()) == []


def test_further_stores_cost_no_build(refreshed: Pipeline) -> None:
    """What the run of a sync has built, counted: a table once, with one store and with three."""
    subscribe(refreshed, "four")
    refreshed.sync()
    alone = made_by_last_run(refreshed)
    published = written(refreshed.settings.marts)
    define(refreshed, one=None, two=None)
    refreshed.sync()
    assert made_by_last_run(refreshed) == {f"account_stores/{one}": 1 for one in ("one", "two")}
    assert written(refreshed.settings.marts) == published, "no build, nothing was published"
    subscribe(refreshed, "five")
    refreshed.sync()
    further = {f"account_stores/{one}": 1 for one in ("one", "two")}
    assert made_by_last_run(refreshed) == alone | further
    assert (alone["marts/account_traits"], set(alone.values())) == (1, {1})


def made_by_last_run(pipeline: Pipeline) -> Counter[str]:
    """How often each asset was made in the newest run on Dagster's page."""
    with dagster_instance(pipeline.settings) as instance:
        [run] = instance.get_runs(limit=1)
        logged = instance.all_logs(run.run_id, of_type=DagsterEventType.ASSET_MATERIALIZATION)
    events = [one.get_dagster_event() for one in logged]
    return Counter(one.asset_key.to_user_string() for one in events if one.asset_key)


def test_one_store_that_is_away_holds_no_other_one(refreshed: Pipeline, receiver: Receiver) -> None:
    define(refreshed, file=None, away=None)
    refreshed.set(STORE_AWAY_URL="http://127.0.0.1:9/hook", STORE_AWAY_SECRET=SECRET)
    subscribe(refreshed, "four")
    with pytest.raises(StoresFailed, match=r"^store 'away': account store") as failed:
        refreshed.sync()
    assert "\n" not in str(failed.value)
    assert refreshed.account("cus_four")["mrr"] == "50"
    assert set(held(refreshed, "file")) == {"cus_one", "cus_two", "cus_three", "cus_four"}
    refreshed.set(STORE_AWAY_URL=f"http://127.0.0.1:{receiver.port}/hook")
    told = command(refreshed, "sync", *AT)
    assert told.returncode == 0, told.stderr
    assert "Store away" in told.stdout
    assert "4 created, 0 updated" in told.stdout
    status = command(refreshed, "status")
    assert "store away     0 changes waiting" in status.stdout


def test_the_account_store_that_is_away_holds_no_further_one(refreshed: Pipeline) -> None:
    define(refreshed, file=None)
    subscribe(refreshed, "four")
    away = "postgresql://nobody@127.0.0.1:9/none"
    told = command(refreshed, "sync", *AT, ACCOUNT_STORE_URL=away)
    assert told.returncode == 1
    assert len(held(refreshed, "file")) == 4
    assert "Store file     4 created, 0 updated" in told.stdout


def test_each_of_several_stores_that_get_nothing_has_a_line(refreshed: Pipeline) -> None:
    define(refreshed, app={"guards": {"creates": "1"}})
    subscribe(refreshed, "four")
    away = "postgresql://nobody@127.0.0.1:9/none"
    told = command(refreshed, "sync", *AT, ACCOUNT_STORE_URL=away)
    assert "Account store  nothing was sent: " in told.stdout
    assert "Store app      nothing was sent: blocked by a guard: creates: 4 acc" in told.stdout


def test_a_renamed_trait_is_set_and_its_old_name_cleared_in_one_plan(refreshed: Pipeline) -> None:
    define(refreshed, crm={"prefix": "billing."})
    refreshed.sync()
    first = held(refreshed, "crm")["cus_one"]
    assert first["traits"]["billing.mrr"] == 50
    assert not [name for name in first["traits"] if name.startswith("stripe.")]
    rules = {"rename": {"stripe.mrr": "revenue"}, "leave_out_traits": ["stripe.plan*"]}
    define(refreshed, crm={"prefix": "billing.", **rules})
    planned = command(refreshed, "plan", "--to", "crm").stdout
    assert "3 updates" in planned
    assert "billing.mrr: 50 -> null" in planned
    assert "revenue: null -> 50" in planned
    refreshed.sync()
    now = held(refreshed, "crm")["cus_one"]
    gone = {name for name in first["traits"] if name not in now["traits"]}
    assert gone == {"billing.mrr", "billing.planAmounts", "billing.planIds", "billing.planNames"}
    assert now["traits"]["revenue"] == 50
    lifecycle = ("lifecycle_status", "mrr", "status_since", "renewal_at")
    assert [now[name] for name in lifecycle] == [first[name] for name in lifecycle]
    assert command(refreshed, "plan", "--to", "crm").stdout.count("0 updates") == 1
    assert "nothing to repair" in command(refreshed, "reconcile", "--to", "crm").stdout


def test_amounts_in_minor_units_are_exact_and_the_lifecycle_keeps_major_ones(
    refreshed: Pipeline,
) -> None:
    made = NOW - DAY
    store = refreshed.stripe.store
    yen = builders.price(id="price_yen", unit_amount=5000, currency="jpy")
    store.put(yen)
    store.put(builders.customer(id="cus_yen", name="yen", currency="jpy", created=made))
    items = [builders.item(price=yen)]
    store.put(
        builders.subscription(
            id="sub_yen", customer="cus_yen", items=items, currency="jpy", created=made
        )
    )
    define(refreshed, ledger={"money": "minor", "traits": ["stripe.mrr", "stripe.planAmounts"]})
    refreshed.sync()
    found = held(refreshed, "ledger")
    assert found["cus_one"]["traits"] == {"stripe.mrr": 5000, "stripe.planAmounts": [5000]}
    assert found["cus_one"]["mrr"] == "50"
    assert found["cus_yen"]["traits"] == {"stripe.mrr": 5000, "stripe.planAmounts": [5000]}
    assert found["cus_yen"]["mrr"] == "5000"


def test_who_is_kept_out_of_one_store_is_told_as_of_that_store(refreshed: Pipeline) -> None:
    yen = builders.price(id="price_yen", unit_amount=5000, currency="jpy")
    refreshed.stripe.store.put(yen)
    items = [builders.item(price=yen)]
    refreshed.stripe.store.put(
        builders.subscription(
            id="sub_yen", customer="cus_one", items=items, currency="jpy", created=NOW - DAY
        )
    )
    define(refreshed, ledger={"money": "minor"})
    told = command(refreshed, "sync", *AT)
    assert told.returncode == 0, told.stderr
    kept_out = "Kept out       1 account, each with its reason: sync_invalid of store 'ledger'"
    assert f"{kept_out} (stripe-traits plan --to ledger)" in told.stdout
    assert set(held(refreshed, "ledger")) == {"cus_two", "cus_three"}


def test_only_the_accounts_of_a_segment_go_and_who_leaves_it_is_cleared(
    refreshed: Pipeline,
) -> None:
    path = refreshed.stripe.folder / "segments.yml"
    rule = {"field": "current_subscription_status", "operator": "is", "value": "active"}
    segment = {"name": "paying", "where": rule}
    path.write_text(yaml.safe_dump({"segments": [segment]}))
    define(refreshed, app={"segment": "paying", "leave_out_accounts": ["cus_two"]})
    refreshed.sync()
    assert set(held(refreshed, "app")) == {"cus_one", "cus_three"}
    define(refreshed, app={"segment": "paying", "leave_out_accounts": ["cus_two", "cus_three"]})
    refreshed.sync()
    left = held(refreshed, "app")["cus_three"]
    assert (left["traits"], left["mrr"], left["lifecycle_status"]) == ({}, None, None)
    assert held(refreshed, "app")["cus_one"]["mrr"] == "50"
    assert "0 updates" in command(refreshed, "plan", "--to", "app").stdout


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("stores: [a]", "write 'stores:' and below it each store by its name"),
        ("stores: {app: {tratis: [a]}}", "stores.app.tratis: is no key of a store"),
        ("stores: {app: {rename: {stripe.mr: a}}}", "stripe.mr is no trait"),
        (
            "stores: {app: {rename: {stripe.mrr: a, stripe.name: a}}}",
            "stores.app: stripe.mrr and stripe.name would both be called a: rename one",
        ),
        ("stores: {app: {segment: gone}}", "STORE_APP_URL is not set"),
        ("stores: {App: {}}", "a store's name is made of a to z"),
        ("stores: {app: {guards: {churn: 5}}}", "churn is no guard"),
        ("stores: {app: {}, app: {segment: paying}}", "'app' stands twice"),
        ("stores: {app: {leave_out_traits: ['*']}}", "stores.app: no trait is left for it"),
        ("stores: {app: {rename: {stripe.mrr: '  '}}}", "a name has no blank at its ends"),
        ("stores: {app: {leave_out_accounts: a}}", "write a list, such as [one, other]"),
    ],
)
def test_what_is_wrong_in_the_file_is_told_before_anything_is_read(
    refreshed: Pipeline, written: str, said: str
) -> None:
    (refreshed.stripe.folder / "stores.yml").write_text(written)
    told = command(refreshed, "sync", STRIPE_API_BASE="http://127.0.0.1:9")
    assert told.returncode == 2
    assert said in told.stderr
    assert len(told.stderr.splitlines()) == 1
    checked = command(refreshed, "check")
    assert checked.returncode != 0
    assert "stores.yml:1: " in checked.stdout + checked.stderr or "STORE_APP_URL" in checked.stdout


def test_what_a_guard_advises_is_about_its_store(refreshed: Pipeline) -> None:
    define(refreshed, app={"guards": {"creates": "1"}})
    told = command(refreshed, "sync", *AT)
    assert told.returncode == 3
    (line,) = (line for line in told.stderr.splitlines() if "store 'app'" in line)
    assert "3 accounts to create, the limit is 1; look at 'stripe-traits plan --to app'" in line
    assert "'stripe-traits apply --plan DIGEST --override creates --to app'" in line
    assert "guards: {creates: ...} in stores.yml" in line
    (shown,) = (one for one in told.stdout.splitlines() if one.startswith("Store app"))
    assert shown.split(maxsplit=2)[2].startswith("nothing was sent: blocked by a guard: creates: 3")
    data = orjson.loads(command(refreshed, "sync", *AT, "--json").stdout)
    assert data["stores"] == {}
    assert data["stores_failed"]["app"].startswith("blocked by a guard: creates: 3 accounts")


def test_what_is_missing_is_told_at_once_and_hides_nothing_else(refreshed: Pipeline) -> None:
    define(refreshed, app={"segment": "payng"}, team=None)
    refreshed.set(STORE_APP_URL="", STORE_TEAM_URL="")
    told = command(refreshed, "sync").stderr.splitlines()
    assert [line.split(" ")[1] for line in told] == ["STORE_APP_URL", "STORE_TEAM_URL"]
    assert "stores.app.segment: no segment 'payng'" in command(refreshed, "check").stdout
    shown = command(refreshed, "status")
    assert shown.returncode == 0
    assert "STORE_APP_URL is not set" in shown.stdout
    assert "MRR            usd 150.00" in shown.stdout
    lost = command(refreshed, "sync", STORES_FILE="gone.yml")
    assert lost.returncode == 2
    assert "STORES_FILE: gone.yml does not exist: create it" in lost.stderr


def test_one_store_is_not_two_and_two_workspaces_of_one_host_are(refreshed: Pipeline) -> None:
    define(refreshed, one=None, other=None)
    refreshed.set(STORE_ONE_URL="segment://api.segment.io", STORE_ONE_SECRET="a-write-key")
    refreshed.set(STORE_OTHER_URL="segment://api.segment.io", STORE_OTHER_SECRET="another-key")
    assert len(further_stores(refreshed.settings)) == 2
    refreshed.set(STORE_OTHER_SECRET="a-write-key")
    with pytest.raises(WrongSettings, match="STORE_OTHER_URL: the same account store as STORE_ONE"):
        further_stores(refreshed.settings)
    refreshed.set(STORE_OTHER_URL=refreshed.settings.store_url)
    with pytest.raises(WrongSettings, match="the same account store as ACCOUNT_STORE_URL"):
        further_stores(refreshed.settings)


def test_a_segment_that_was_never_judged_empties_no_store(refreshed: Pipeline) -> None:
    define(refreshed, app=None)
    refreshed.sync()
    define(refreshed, app={"segment": "never"})
    with pytest.raises(StoresFailed, match="segment 'never' was never judged"):
        refreshed.sync()
    assert held(refreshed, "app")["cus_one"]["mrr"] == "50"


def test_live_brings_a_store_that_was_away_and_ends_with_what_another_one_says(
    refreshed: Pipeline,
) -> None:
    define(refreshed, file=None, away=None)
    refreshed.set(STORE_AWAY_URL="postgresql://nobody@127.0.0.1:9/none")
    refreshed.set(LIVE_POLL_SECONDS="0.5")
    stop = threading.Event()

    def cycle_done(cycle: Cycle) -> None:
        if cycle.number == 2:
            subscribe(refreshed, "four")
        arrived = cycle.number > 2 and len(held(refreshed, "file")) == 4
        if arrived or cycle.number > MOST_CYCLES:
            stop.set()

    quiet = LogReporter(lambda line: None)
    with pytest.raises(StoresFailed, match=r"^store 'away'"):
        live(refreshed.settings, quiet, clock=lambda: AS_OF, stop=stop, report=cycle_done)
    assert len(held(refreshed, "file")) == 4
    assert refreshed.account("cus_four")["mrr"] == "50"


def test_dagster_has_an_asset_for_each_store_that_fails_alone(refreshed: Pipeline) -> None:
    define(refreshed, file=None, away=None)
    refreshed.set(STORE_AWAY_URL="postgresql://nobody@127.0.0.1:9/none")
    job = definitions(pool=None).resolve_job_def(REVERSE_SYNC)
    with dagster_instance(refreshed.settings) as instance:
        tags = run_tags(as_of=AS_OF, full=False)
        run = job.execute_in_process(
            instance=instance, run_config=QUIET, tags=tags, raise_on_error=False
        )
    assert not run.success
    made = {event.asset_key.to_user_string() for event in run.get_asset_materialization_events()}
    assert made == {"account_store", "account_stores/file"}
    assert len(held(refreshed, "file")) == 3


def test_an_interrupted_sync_leaves_no_process_and_loses_nothing(refreshed: Pipeline) -> None:
    define(refreshed, slow=None)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        refreshed.set(STORE_SLOW_URL=f"http://127.0.0.1:{port}/hook", STORE_SLOW_SECRET=SECRET)
        process = subprocess.Popen(
            [PROGRAM, "sync", *AT],
            cwd=refreshed.stripe.folder,
            env=environment(STRIPE_API_BASE=refreshed.stripe.url, DATA_DIR=str(refreshed.folder)),
            stderr=subprocess.PIPE,
            text=True,
        )
        silent.settimeout(PATIENCE)
        connection, _ = silent.accept()  # it is asked, and does not answer
        with connection:
            connection.settimeout(PATIENCE)
            assert connection.recv(1 << 20)
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=PATIENCE)
            assert process.returncode == 130, said
            assert said.splitlines()[-1].startswith("stripe-traits: stopped; nothing is lost")
            assert "Traceback" not in said
            while connection.recv(1 << 20):
                pass  # until whoever asked is gone
    define(refreshed, slow=None)
    refreshed.sync()
    assert len(held(refreshed, "slow")) == 3
