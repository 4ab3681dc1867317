"""The commands round a delivery, as they are typed: what they do, print and exit with."""

import json
import sqlite3
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest
from http_world import write
from reverse_sync_world import World
from target_servers import SECRET, Receiver, running
from typer.testing import CliRunner

from ingestion.inbox.events_db import Inbox
from orchestration.cli import app
from orchestration.configuration.settings import Settings
from reverse_sync.stores.target import Target
from reverse_sync.stores.url import opened

MRR, STATUS = "stripe.mrr", "stripe.currentSubscriptionStatus"
SINGLE: dict[str, Any] = {MRR: 50, STATUS: "active", "stripe.currency": "usd"}
MULTI = {"stripe.allMrr": 80, "stripe.subscriptionPayingCount": 1, "stripe.currency": "usd"}
CLEARED = f"update accounts set traits = json_set(traits, '$.\"{MRR}\"', 1) where account_id = 'a1'"


@dataclass
class Commands:
    """A data folder with published marts, and the command line above it."""

    world: World
    environment: pytest.MonkeyPatch

    def set(self, **settings: str) -> None:
        for name, value in settings.items():
            self.environment.setenv(name, value)

    def run(self, *arguments: str) -> tuple[int, str]:
        """Exit code, and all that was printed."""
        ended = CliRunner().invoke(app, list(arguments))
        if ended.exception and not isinstance(ended.exception, SystemExit):
            raise ended.exception
        return ended.exit_code, ended.output

    def told(self, *arguments: str) -> dict[str, Any]:
        """What a command that succeeds prints as JSON."""
        code, text = self.run(*arguments, "--json")
        assert code == 0, text
        told: dict[str, Any] = json.loads(text[text.index("{") :])
        return told

    def counts(self, *arguments: str) -> tuple[int, int, int]:
        told = self.told(*arguments)
        return told["acknowledged"], told["rejected"], told["unchanged"]

    def apply(self) -> tuple[int, int, int]:
        return self.counts("apply", "--plan", self.told("plan")["digest"])


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Commands:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    folder = tmp_path / "data"
    folder.mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GUARD_MAX_AGE_HOURS", "off")
    world = World(folder, f"sqlite:///{folder}/accounts.db")
    world.publish({f"a{i}": SINGLE for i in range(4)})
    return Commands(world, monkeypatch)


def test_plan_shows_and_apply_sends_exactly_that(commands: Commands) -> None:
    code, text = commands.run("plan", "--limit", "1")
    digest = commands.told("plan")["digest"]
    assert code == 0
    assert text.startswith(f"plan {digest}: 4 creates, 0 updates, 0 churns, 0 deletes, 0 skips;")
    assert f"send it: stripe-traits apply --plan {digest}" in text
    assert commands.world.traits() == {}
    assert commands.counts("apply", "--plan", digest) == (4, 0, 0)
    code, text = commands.run("apply", "--plan", digest)
    assert (code, f"plan {digest} is out of date" in text) == (3, True)
    assert commands.run("apply", "--plan", digest, "--override", "nobody")[0] == 2


def test_a_plan_that_asks_for_approval_is_sent_with_a_name_that_status_shows(
    commands: Commands,
) -> None:
    commands.set(GUARD_APPROVAL="churns,mrr", GUARD_CHURNS="0", GUARD_MRR_DROP="10%")
    commands.set(GUARD_BASELINE="1", GUARD_UPDATES="off", GUARD_NULLS="off")
    commands.apply()
    commands.world.publish({f"a{i}": {**SINGLE, STATUS: "canceled"} for i in range(4)})
    digest = commands.told("plan")["digest"]
    guards = ("--override", "churns", "--override", "mrr_drop")
    for alone in ((), guards, ("--approved-by", "Ada")):
        code, text = commands.run("apply", "--plan", digest, *alone)
        assert (code, "blocked by a guard: mrr_drop: " in text) == (3, True), alone
    assert commands.counts("apply", "--plan", digest, *guards, "--approved-by", "Ada") == (4, 0, 0)
    with Inbox.open(commands.world.folder / "events.db"):
        code, text = commands.run("status")
    assert "0 rejected, churns, mrr_drop overridden, approved by Ada\n" in text
    assert commands.told("status")["last_runs"][0]["approved_by"] == "Ada"
    with duckdb.connect(str(commands.world.folder / "marts.duckdb")) as older:
        older.execute("alter table sync_runs drop column approved_by")
    assert "approved by" not in commands.run("status")[1]


def test_retry_sends_what_the_store_had_refused(commands: Commands) -> None:
    commands.apply()
    refuse = (
        "create trigger no before update on accounts when new.account_id = 'a1'"
        " begin select raise(abort, 'not this one'); end"
    )
    commands.world.store(refuse)
    commands.world.publish({f"a{i}": {**SINGLE, MRR: 60} for i in range(4)})
    assert commands.apply() == (3, 1, 0)
    code, text = commands.run("retry", "--account", "a2")
    assert (code, "1 still in the dead letters: 'stripe-traits retry'" in text) == (0, True)
    commands.world.store("drop trigger no")
    assert commands.counts("retry", "--code", "SQLITE_CONSTRAINT_TRIGGER") == (1, 0, 3)
    assert commands.world.traits()["a1"][MRR] == 60


def test_undo_puts_a_run_back_and_resync_sends_accounts_whole(commands: Commands) -> None:
    commands.apply()
    commands.world.publish({f"a{i}": {**SINGLE, MRR: 60} for i in range(4)})
    commands.apply()
    assert commands.counts("undo", "2") == (4, 0, 0)
    assert {traits[MRR] for traits in commands.world.traits().values()} == {50}
    code, text = commands.run("undo", "nine")
    assert (code, "the runs are in sync_runs" in text) == (1, True)
    assert commands.counts("resync", "a1", "a2") == (2, 0, 0)
    assert [t[MRR] for _, t in sorted(commands.world.traits().items())] == [50, 60, 60, 50]
    assert commands.run("resync")[0] == 2
    assert commands.counts("resync", "--all") == (4, 0, 0)
    commands.world.publish({f"a{i}": {**SINGLE, MRR: 70} for i in range(4)})
    assert commands.told("resync", "--reset-baseline")["acknowledged"] == 4
    assert commands.told("plan")["unchanged"] == 4
    assert {traits[MRR] for traits in commands.world.traits().values()} == {60}


def test_reconcile_finds_and_repairs_and_brings_lost_state_back(commands: Commands) -> None:
    commands.set(GUARD_BASELINE="1", GUARD_UPDATES="off")
    commands.apply()
    commands.world.store(CLEARED)
    code, text = commands.run("reconcile", "--store")
    assert (code, "a1: stripe.mrr was sent as 50, the store holds 1" in text) == (0, True)
    assert "stripe-traits reconcile --store --repair" in text
    assert commands.told("reconcile", "--store", "--repair")["store"]["repair"]["updates"] == 1
    assert commands.world.traits()["a1"][MRR] == 50

    (commands.world.folder / "warehouse.duckdb").unlink()
    commands.world.publish({f"a{i}": {**SINGLE, MRR: 60 if i == 3 else 50} for i in range(4)})
    remedy = "rebuild that with 'stripe-traits reconcile --store --repair'"
    digest = commands.told("plan")["digest"]
    code, text = commands.run("apply", "--plan", digest)
    assert (code, "state_lost: the store is at version" in text, remedy in text) == (3, True, True)
    repaired = commands.told("reconcile", "--store", "--repair")["store"]
    assert repaired["accounts"] == {"unremembered": 4}
    assert (repaired["repair"]["updates"], repaired["repair"]["unchanged"]) == (1, 3)


def test_another_address_blocks_until_it_is_sent_everything(commands: Commands) -> None:
    commands.apply()
    commands.set(ACCOUNT_STORE_URL=f"sqlite:///{commands.world.folder}/other.db")
    code, text = commands.run("plan")
    assert (code, "send it with 'stripe-traits resync --all'" in text) == (0, False)
    assert "send it everything with 'stripe-traits resync --all'" in text
    assert "apply --plan" not in text, "a diff against another store is nothing to send"
    assert commands.counts("resync", "--all") == (4, 0, 0)
    assert commands.told("plan")["unchanged"] == 4
    with sqlite3.connect(commands.world.folder / "other.db") as other:
        assert other.execute("select count(*) from accounts").fetchone() == (4,)


def test_a_store_that_holds_accounts_already_is_taken_up(commands: Commands) -> None:
    commands.apply()
    commands.set(ACCOUNT_STORE_URL=f"sqlite:///{commands.world.folder}/other.db")
    with opened(Target(f"sqlite:///{commands.world.folder}/other.db")) as store:
        store.write([write("old", version=9)])
    repaired = commands.told("reconcile", "--store", "--repair")["store"]
    assert repaired["accounts"] == {"missing": 4, "extra": 1}
    assert (repaired["repair"]["creates"], repaired["repair"]["acknowledged"]) == (4, 4)
    assert commands.told("plan")["unchanged"] == 4


def test_a_change_of_mode_is_one_planned_guarded_change(commands: Commands) -> None:
    commands.set(GUARD_BASELINE="1", GUARD_UPDATES="off", GUARD_NULLS="20%")
    commands.apply()
    names = {**dict.fromkeys(SINGLE), **MULTI}
    commands.world.publish({f"a{i}": names for i in range(4)})
    commands.set(MULTIPLE_SUBSCRIPTIONS="true")
    settings = commands.world.store("select * from tracking_config order by 1")
    plan = commands.told("plan")
    assert (plan["updates"], plan["creates"], plan["unchanged"]) == (4, 0, 0)
    changes = {c["trait"]: c["new"] for c in plan["accounts"][0]["changes"]}
    assert changes == {
        MRR: None,
        STATUS: None,
        "stripe.allMrr": "80",
        "stripe.subscriptionPayingCount": "1",
    }
    code, text = commands.run("apply", "--plan", plan["digest"])
    assert (code, "nulls: 8 traits to clear (66.7% of 12" in text) == (3, True)
    assert commands.world.store("select * from tracking_config order by 1") == settings
    assert {t.get(MRR) for t in commands.world.traits().values()} == {50}
    told = commands.told("apply", "--plan", plan["digest"], "--override", "nulls")
    assert (told["acknowledged"], told["traits_cleared"]) == (4, 8)
    assert commands.world.traits() == {f"a{i}": MULTI for i in range(4)}
    assert {o["new"]["aspect"] for o in told["overridden"]} >= {"revenue", "churn", "renewal"}
    assert commands.told("plan")["unchanged"] == 4


def test_a_mode_that_the_marts_are_not_of_waits_for_the_sync_that_builds_it(
    commands: Commands,
) -> None:
    names = {**SINGLE, **dict.fromkeys(MULTI), "stripe.currency": "usd"}
    commands.world.publish({f"a{i}": names for i in range(4)})
    with duckdb.connect(str(commands.world.marts)) as marts:
        marts.execute("create schema publication")
        marts.execute(
            "create table publication.build as select 'first' as id,"
            " null::timestamp as published_at, false as multiple_subscriptions"
        )
    commands.apply()
    commands.set(MULTIPLE_SUBSCRIPTIONS="true")
    code, text = commands.run("plan")
    assert (code, "0 updates, 0 churns" in text) == (0, True)
    assert "MULTIPLE_SUBSCRIPTIONS=true takes effect with the next 'stripe-traits sync'" in text
    for asked in (["resync", "--all"], ["retry"], ["reconcile", "--store", "--repair"]):
        commands.told(*asked)
    found = commands.world.store("select distinct lifecycle_status, mrr from accounts")
    assert found == [("subscribed", "50")], "nobody has churned by a setting"


def test_plan_and_apply_over_http(commands: Commands) -> None:
    with ExitStack() as stack:
        server = stack.enter_context(running(Receiver()))
        url = f"http://127.0.0.1:{server.port}/hook"
        commands.set(ACCOUNT_STORE_URL=url, ACCOUNT_STORE_SECRET=SECRET)
        digest = commands.told("plan")["digest"]
        assert [request for request in server.requests if request.method == "POST"] == []
        assert commands.counts("apply", "--plan", digest) == (4, 0, 0)
        assert server.accounts["a1"]["traits"] == SINGLE
        commands.world.publish({f"a{i}": {**SINGLE, MRR: 60 + i} for i in range(4)})
        sent = len(server.requests)
        stale, now = digest, commands.told("plan")["digest"]
        assert commands.run("apply", "--plan", stale)[0] == 3
        assert len(server.requests) == sent
        assert commands.counts("apply", "--plan", now) == (4, 0, 0)
        assert server.accounts["a3"]["traits"][MRR] == 63
        code, text = commands.run("reconcile", "--store")
        assert (code, "resync sends it everything" in text) == (1, True)
