"""A full read that is killed goes on where it was; one that cannot go on begins anew."""

import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs

import duckdb
import pytest
from local_stripe import DAY, NOW, LocalStripe, refusing
from starlette.types import ASGIApp, Receive, Scope, Send

from benchmarks.observers import served
from ingestion.backfill import EVERYTHING
from ingestion.deletion_limit import DeletionLimitReached
from ingestion.inbox.cursors import BEGAN, COMPLETE, PIN, POLLED, Part
from ingestion.inbox.events_db import Inbox
from ingestion.load import Bounds, LoadResult, load
from ingestion.stripe_api.list_page import PAGE
from ingestion.stripe_api.reader import utc_now
from ingestion.stripe_api.refusals import StripeError
from sandbox import builders, clock
from sandbox.http.keys import ACCOUNT
from sandbox.server import app

KILLED = """
import sys
from pathlib import Path
from ingestion.stripe_api.connection import (Connection)
from ingestion.load import Bounds, Paths, load
url, folder, key, version = sys.argv[1:]
here = Path(folder)
paths = Paths(here / "warehouse.duckdb", here / "events.db", here / "raw", here / "dlt")
load(Connection(key, url, version, concurrency=4), paths, bounds=Bounds(chunk=200))
"""


@contextmanager
def counting(stripe: LocalStripe, seconds: float = 0.0) -> Iterator[tuple[LocalStripe, list[Any]]]:
    """The sandbox behind a server that keeps path and parameters of each request, and is slow."""
    asked: list[Any] = []
    with served(_counting(app(stripe.store), asked, seconds)) as url:
        yield replace(stripe, url=url), asked


def _counting(sandbox: ASGIApp, asked: list[Any], seconds: float) -> ASGIApp:
    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        asked.append((scope["path"], parse_qs(scope["query_string"].decode())))
        time.sleep(seconds)
        await sandbox(scope, receive, send)

    return answer


def unread(stripe: LocalStripe) -> set[Part]:
    with Inbox.open(stripe.paths.inbox) as inbox:
        return inbox.unread(ACCOUNT)


def positions(stripe: LocalStripe, **values: str) -> None:
    with Inbox.open(stripe.paths.inbox) as inbox:
        inbox.settle(ACCOUNT, [], read_from=utc_now(), **values)


def history(stripe: LocalStripe) -> list[str]:
    with Inbox.open(stripe.paths.inbox) as inbox:
        return [what for _, _, what in inbox.history(20)]


def kill_in_the_middle(stripe: LocalStripe) -> set[Part]:
    """A real process reads everything and is killed after a commit; what it left to be read."""
    command = [sys.executable, "-c", KILLED, stripe.url, str(stripe.folder)]
    connection = stripe.connection()
    process = subprocess.Popen([*command, connection.api_key, connection.api_version])
    try:
        while process.poll() is None:
            with suppress(Exception):  # the file or its tables are not there yet
                left = unread(stripe)
                if left and left != EVERYTHING and any(name == "customers" for name, *_ in left):
                    break
            time.sleep(0.02)
        assert process.poll() is None, "it ended before it could be killed"
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    return unread(stripe)


def test_killed_full_read_goes_on_without_reading_finished_ranges_again(
    local_stripe: LocalStripe,
) -> None:
    chance = random.Random(1)
    moments = [NOW - chance.randrange(900 * DAY) for _ in range(2500)]
    local_stripe.store.load(
        builders.customer(id=f"cus_{n:04}", created=created) for n, created in enumerate(moments)
    )
    with counting(local_stripe, seconds=0.1) as (slow, _):
        left = kill_in_the_middle(slow)
    landed = {row[0] for row in local_stripe.query("select id from stripe.customers")}
    assert 0 < len(landed) < len(moments)
    first, second, *_ = sorted(landed)
    local_stripe.store.update("customer", first, {"name": "Renamed"}, now=NOW + 1)
    local_stripe.store.delete("customer", second, now=NOW + 1)
    with counting(local_stripe) as (stripe, asked):
        assert stripe.load().full
    for path, parameters in asked:
        if "created[gte]" in parameters and path != "/v1/events":
            low, high = (int(parameters[f"created[{bound}]"][0]) for bound in ("gte", "lt"))
            stream = path.removeprefix("/v1/")
            assert any(s == stream and a <= low and high <= b for s, a, b in left), (path, low)
    again = sum(
        moment >= low and moment < high
        for moment in moments
        for stream, low, high in left
        if stream == "customers"
    )
    pages = [path for path, q in asked if path == "/v1/customers" and "created[gte]" in q]
    assert len(pages) <= again / 100 + 2 * len(left)
    assert local_stripe.query("select count(*) from stripe.customers") == [(len(moments),)]
    assert local_stripe.query(
        f"select name, deleted_at is null from stripe.customers"
        f" where id in ('{first}', '{second}') order by id"
    )[0] == ("Renamed", True)
    assert local_stripe.query("select id from stripe.customers where deleted_at is not null") == [
        (second,)
    ]
    assert unread(local_stripe) == set()
    assert not local_stripe.load().full


def interrupt(stripe: LocalStripe) -> None:
    """A full read that has noted lists as listed, and fails at the second page of customers."""

    def refuse(path: str) -> tuple[int, dict[str, str]] | None:
        asked.append(path)
        if path != "/v1/customers" or asked.count(path) == 1:
            return None
        some = 0 < len(unread(stripe)) < len(EVERYTHING)
        return (400, {}) if some else (429, {"Retry-After": "0.05"})

    asked: list[str] = []
    with refusing(stripe, refuse) as broken, pytest.raises(StripeError, match="customers"):
        load(broken.connection(concurrency=1), broken.paths, full=True, bounds=Bounds(chunk=1))


def listed(stripe: LocalStripe, **options: Any) -> tuple[LoadResult, set[str]]:
    with counting(stripe) as (counted, asked):
        result = counted.load(**options)
    lists = [(path.removeprefix("/v1/"), q) for path, q in asked if "created[gte]" in q]
    return result, {_list_name(path, q) for path, q in lists if path != "events"}


def _list_name(path: str, parameters: dict[str, list[str]]) -> str:
    return f"{path}?status={parameters['status'][0]}" if path == "invoices" else path


@pytest.fixture
def stripe(local_stripe: LocalStripe) -> LocalStripe:
    for number in range(PAGE + 1):
        local_stripe.store.put(builders.customer(id=f"cus_{number}", created=NOW))
    local_stripe.load()
    interrupt(local_stripe)
    assert 0 < len(unread(local_stripe)) < len(EVERYTHING)
    return local_stripe


def test_interrupted_full_read_lists_only_what_is_left(stripe: LocalStripe) -> None:
    left = {name for name, *_ in unread(stripe)}
    result, names = listed(stripe)
    assert result.full
    assert names == left


@pytest.mark.parametrize(
    ("position", "reason"),
    [
        ({POLLED: "2025-05-01T00:00:00"}, "events were last read 45 days ago"),
        ({PIN: "2025-03-31.basil"}, "the API version was 2025-03-31.basil"),
    ],
)
def test_interrupted_full_read_that_is_too_old_begins_anew(
    stripe: LocalStripe, position: dict[str, str], reason: str
) -> None:
    positions(stripe, **position)
    _, names = listed(stripe)
    assert len(names) == len(EVERYTHING)
    assert any(reason in what for what in history(stripe))


def test_full_read_that_is_asked_for_goes_on_with_one_of_the_same_day_only(
    stripe: LocalStripe,
) -> None:
    positions(stripe, **{BEGAN: (utc_now() - timedelta(days=2)).isoformat()})
    _, names = listed(stripe, full=True)
    assert len(names) == len(EVERYTHING)


def test_gap_in_the_events_is_made_up_by_a_full_read_and_noted(local_stripe: LocalStripe) -> None:
    local_stripe.store.put(builders.customer(id="cus_1", name="Old", created=NOW))
    local_stripe.load()
    local_stripe.store.update("customer", "cus_1", {"name": "New"}, now=NOW + DAY)
    local_stripe.store.db().execute("delete from events")  # as Stripe does after 30 days
    clock.put(local_stripe.store, NOW + 29 * DAY)
    assert not local_stripe.load().full
    clock.put(local_stripe.store, NOW + 59 * DAY)
    result = local_stripe.load()
    assert result.why == "events were last read 30 days ago, and Stripe keeps them for 30"
    assert local_stripe.query("select name from stripe.customers") == [("New",)]
    assert history(local_stripe)[0] == f"full read: {result.why}"
    assert not local_stripe.load().full


def test_quiet_account_that_is_polled_has_no_gap(local_stripe: LocalStripe) -> None:
    local_stripe.store.put(builders.customer(id="cus_1", created=NOW))
    local_stripe.load()
    for days in range(20, 100, 20):
        clock.put(local_stripe.store, NOW + days * DAY)
        assert not local_stripe.load().full


def test_new_api_version_reads_everything_again(local_stripe: LocalStripe) -> None:
    local_stripe.store.put(builders.customer(id="cus_1", created=NOW))
    local_stripe.load()
    positions(local_stripe, **{PIN: "2026-03-25.dahlia"})
    assert local_stripe.load().full
    assert not local_stripe.load().full


def test_full_read_keeps_the_log_of_events(local_stripe: LocalStripe) -> None:
    local_stripe.store.put(builders.customer(id="cus_1", created=NOW))
    local_stripe.load()
    local_stripe.store.update("customer", "cus_1", {"name": "New"}, now=NOW + 1)
    local_stripe.load()

    def logged() -> int:
        with Inbox.open(local_stripe.paths.inbox) as inbox:
            found: int = inbox._database.execute("select count(*) from events").fetchone()[0]
            return found

    before = logged()
    local_stripe.load(full=True)
    assert logged() == before > 0


def many(stripe: LocalStripe, count: int) -> None:
    for n in range(count):
        stripe.store.put(builders.customer(id=f"cus_{n:03}", created=NOW - n * DAY), now=NOW)


def vanish(stripe: LocalStripe, count: int) -> None:
    """Deleted without an event that could tell of it."""
    for n in range(count):
        stripe.store.delete("customer", f"cus_{n:03}", now=NOW - 40 * DAY)


def test_full_read_stops_before_it_buries_too_many_and_all_else_is_in(
    local_stripe: LocalStripe,
) -> None:
    many(local_stripe, 100)
    local_stripe.load()
    vanish(local_stripe, 11)
    local_stripe.store.update("customer", "cus_050", {"name": "New"}, now=NOW - 40 * DAY)
    with pytest.raises(DeletionLimitReached, match="11 of 100 customers are gone"):
        local_stripe.load(full=True)
    tombstones = "select count(*) from stripe.customers where deleted_at is not null"
    assert local_stripe.query(tombstones) == [(0,)]
    assert local_stripe.query("select name from stripe.customers where id = 'cus_050'") == [
        ("New",)
    ]
    assert history(local_stripe)[0].startswith("deletion limit: 11 of 100 customers")
    assert not local_stripe.load().full
    local_stripe.load(full=True, bounds=Bounds(gone_limit_percent=None))
    assert local_stripe.query(tombstones) == [(11,)]


def test_a_few_may_go_in_any_account(local_stripe: LocalStripe) -> None:
    many(local_stripe, 12)
    local_stripe.load()
    vanish(local_stripe, 10)
    local_stripe.load(full=True)
    assert local_stripe.query(
        "select count(*) from stripe.customers where deleted_at is not null"
    ) == [(10,)]


def test_deletions_that_events_tell_do_not_count_for_the_brake(local_stripe: LocalStripe) -> None:
    many(local_stripe, 30)
    local_stripe.load()
    for n in range(20):
        local_stripe.store.delete("customer", f"cus_{n:03}", now=NOW + 1)
    local_stripe.load(full=True)
    assert local_stripe.query(
        "select count(*) from stripe.customers where deleted_at is not null"
    ) == [(20,)]


def test_complete_only_after_every_range(stripe: LocalStripe) -> None:
    with Inbox.open(stripe.paths.inbox) as inbox:
        assert inbox.position(ACCOUNT, COMPLETE) == ""
    stripe.load()
    with Inbox.open(stripe.paths.inbox) as inbox:
        assert inbox.position(ACCOUNT, COMPLETE)


def test_clock_that_was_set_back_loses_no_change(local_stripe: LocalStripe) -> None:
    """The landed row seems to be of a later read: the next read counts all the same."""
    local_stripe.store.put(builders.customer(id="cus_1", name="Old", created=NOW))
    local_stripe.load()
    with duckdb.connect(str(local_stripe.paths.warehouse)) as database:
        database.execute("update stripe.customers set read_at = timestamp '2100-01-01'")
    local_stripe.store.update("customer", "cus_1", {"name": "New"}, now=NOW + 1)
    local_stripe.load()
    assert local_stripe.query("select name from stripe.customers") == [("New",)]
