"""Clocks that are set back or differ: nothing is lost, and nothing waits longer than it would."""

import json
import subprocess
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pytest
from command_line import run
from dagster import DagsterInstance
from local_stripe import NOW
from pipeline import AS_OF, Pipeline
from reverse_sync_world import World
from time_machine import travel
from webhook_receiver import event, receiving, signed

from ingestion.inbox.events_db import Inbox
from ingestion.merge.warehouse import next_loaded_at
from orchestration.monitoring.health import problems
from orchestration.monitoring.refreshed import note_refreshed
from orchestration.publication.delivery_due import Delivery
from outgoing_http.rate_budget import RateBudget

pytestmark = pytest.mark.long

HOUR, DAY, YEAR = timedelta(hours=1), timedelta(days=1), timedelta(days=365)
RECEIVED = datetime(2025, 6, 15, 13, tzinfo=UTC).replace(tzinfo=None)
POINTER = ("customers", "cus_1")


def test_a_delivery_is_due_where_the_clock_is_set_back() -> None:
    until, since = AS_OF + timedelta(minutes=1), AS_OF
    waits = Delivery("build", "build", until, since)
    assert not waits.is_due(AS_OF)
    assert waits.is_due(until)
    assert waits.is_due(AS_OF - HOUR)
    assert not replace(waits, waits_since=None).is_due(AS_OF - HOUR), "an older version's copy"


def test_a_pause_of_a_rate_limit_gets_no_longer_where_the_clock_is_set_back(
    tmp_path: Path,
) -> None:
    moments = [1_750_000_000.0]
    budget = RateBudget(tmp_path / "a", per_second=2.0, burst=4, clock=lambda: moments[-1])
    budget.pause(60)
    moments.append(moments[-1] - 3600)
    assert budget.take() == pytest.approx(60)
    moments.append(moments[-1] + 61)
    assert budget.take() == 0


def test_versions_and_the_store_follow_the_order_of_runs_not_of_moments(world: World) -> None:
    """Two hosts an hour apart, in turns; and an `as_of` before the last one."""
    for number, moment in enumerate((AS_OF, AS_OF - HOUR, AS_OF, AS_OF - 48 * HOUR)):
        now: dict[str, Any] = {"a": {"stripe.mrr": 50 + number}}
        world.publish(now)
        result = world.sync(as_of=moment)
        assert (result.version, result.acknowledged) == (number + 1, 1)
        assert world.traits() == now
        assert world.sync(as_of=moment).sent == 0


def test_what_was_received_by_a_clock_that_was_ahead_keeps_its_order(tmp_path: Path) -> None:
    with Inbox.open(tmp_path / "events.db") as inbox:
        inbox.append("acct_1", [event(1)], received_at=RECEIVED)
        began = inbox.latest()
        assert began == RECEIVED
        inbox.append("acct_1", [{**event(1), "id": "evt_later"}], received_at=RECEIVED - HOUR)
        inbox.settle("acct_1", [POINTER], read_from=began)
        assert inbox.pending("acct_1") == [POINTER], "the later event came after the read began"
        inbox.settle("acct_1", [POINTER], read_from=inbox.latest() or RECEIVED)
        assert inbox.pending("acct_1") == []


def test_rows_of_a_load_are_later_than_those_before_it_whatever_the_clock_says(
    refreshed: Pipeline,
) -> None:
    warehouse = refreshed.settings.warehouse
    with duckdb.connect(str(warehouse)) as database:
        row = database.execute("select max(loaded_at) from stripe.customers").fetchone()
    assert row is not None
    assert row[0] > RECEIVED, "the clock is behind what is landed"
    assert next_loaded_at(warehouse, RECEIVED) > row[0]


def test_as_of_before_the_last_one_is_built_and_sent_whole(refreshed: Pipeline) -> None:
    earlier = AS_OF - timedelta(days=2)
    refreshed.refresh(as_of=earlier)
    assert refreshed.mart("select count(*) from account_traits") == [(3,)]
    assert refreshed.refresh(as_of=earlier) == {}, "nothing is sent twice"
    assert refreshed.refresh(as_of=AS_OF)["rejected"] == 0


def synced(made: Pipeline, shift: timedelta) -> "subprocess.CompletedProcess[str]":
    """By a process whose clock is so far ahead, or behind."""
    settings = {"STRIPE_API_BASE": made.stripe.url, "DATA_DIR": str(made.folder)}
    words = ("sync", "--as-of", "2025-06-15", "--json")
    return run(*words, cwd=made.stripe.folder, before=partial(shift_clock, shift), **settings)


def shift_clock(by: timedelta) -> None:
    travel(by).start()


def sent(finished: Iterable["subprocess.CompletedProcess[str]"]) -> int:
    """Accounts that these commands sent, all in all."""
    told = [json.loads(one.stdout)["delivered"] for one in finished]
    return sum(one["acknowledged"] for one in told if one)


def test_each_change_is_sent_once_whatever_the_clocks_say(refreshed: Pipeline) -> None:
    """A clock that is set forth and back, and in the end two hosts at once, two hours apart."""
    for number, shifts in enumerate(((YEAR,), (-DAY,), (HOUR, -HOUR))):
        name = f"Name {number}"
        refreshed.stripe.store.update("customer", "cus_one", {"name": name}, now=NOW + number)
        with ThreadPoolExecutor() as hosts:
            assert sent(hosts.map(partial(synced, refreshed), shifts)) == 1
        assert refreshed.account("cus_one")["name"] == name
    assert refreshed.refresh() == {}, "nothing is sent twice"


@pytest.mark.parametrize("ahead", [HOUR, -HOUR])
def test_a_receiver_whose_clock_differs_from_stripes_refuses_and_the_poll_brings_the_change(
    refreshed: Pipeline, ahead: timedelta
) -> None:
    refreshed.stripe.store.update("customer", "cus_one", {"name": "Later"}, now=NOW + 1)
    body = json.dumps(event()).encode()
    by_stripes_clock = int((datetime.now(UTC) - ahead).timestamp())
    with receiving(refreshed.folder, refreshed.stripe.url) as receiver:
        answer = receiver.post(body, signed(body, at=by_stripes_clock))
        assert answer.status_code == 400, answer.text
    refreshed.refresh()
    assert refreshed.account("cus_one")["name"] == "Later"


def test_a_refresh_that_was_noted_by_a_clock_that_was_ahead_keeps_no_alert_away(
    refreshed: Pipeline,
) -> None:
    settings, now = refreshed.settings, datetime.now(UTC)
    for noted, alerts in ((-DAY, 0), (-2 * DAY, 1), (HOUR, 0), (YEAR, 1)):
        note_refreshed(settings.folder, at=now + noted)
        with DagsterInstance.ephemeral() as instance:
            found = problems(settings, instance, (), now=now)
        assert [one.key for one in found] == ["freshness"] * alerts
