"""Clocks that are set back or differ: nothing is lost, and nothing waits longer than it would."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from pipeline import AS_OF, Pipeline
from reverse_sync_world import World
from webhook_receiver import event

from ingestion.inbox.events_db import Inbox
from ingestion.merge.warehouse import next_loaded_at
from orchestration.publication.delivery_due import Delivery
from outgoing_http.rate_budget import RateBudget

HOUR = timedelta(hours=1)
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
