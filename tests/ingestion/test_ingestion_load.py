"""Loads from a real local Stripe into a real warehouse."""

import asyncio
import random
import sqlite3
import time
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from local_stripe import DAY, NOW, LocalStripe, refusing

from ingestion.inbox.cursors import BEGAN, CURSOR
from ingestion.inbox.events_db import Inbox
from ingestion.inbox.schema import InboxNotReady
from ingestion.landing import TABLES
from ingestion.load import load
from ingestion.stripe_api.client import Client
from ingestion.stripe_api.connection import Connection
from ingestion.stripe_api.list_page import PAGE
from ingestion.stripe_api.reader import utc_now
from ingestion.stripe_api.refusals import PermissionMissing, StripeError
from sandbox import builders
from sandbox.http.keys import ACCOUNT
from sandbox.server import TEST_KEY
from sandbox.shapes import API_VERSION

MONTHLY = builders.price(id="price_monthly", unit_amount=5000)


def subscribe(stripe: LocalStripe, number: int, *, items: int = 1, lines: int = 1) -> None:
    """A customer with a subscription and a paid invoice, made `number` minutes before now."""
    created = NOW - 60 * number
    stripe.store.put(builders.customer(id=f"cus_{number}", created=created))
    stripe.store.put(
        builders.subscription(
            id=f"sub_{number}",
            customer=f"cus_{number}",
            created=created,
            items=[builders.item(price=MONTHLY) for _ in range(items)],
        )
    )
    stripe.store.put(
        builders.invoice(
            id=f"in_{number}",
            customer=f"cus_{number}",
            subscription=f"sub_{number}",
            created=created,
            lines=[builders.line(amount=100, price=MONTHLY) for _ in range(lines)],
        )
    )


@pytest.fixture
def stripe(local_stripe: LocalStripe) -> LocalStripe:
    local_stripe.store.put(builders.product(id="prod_test"))
    local_stripe.store.put(MONTHLY)
    return local_stripe


def test_first_load_reads_everything_and_the_next_one_nothing(stripe: LocalStripe) -> None:
    subscribe(stripe, 1)
    assert stripe.load().full
    assert stripe.query("select id, customer_id, status from stripe.subscriptions") == [
        ("sub_1", "cus_1", "active")
    ]
    # The events of the last minutes are read once more: the feed can be late.
    stripe.load()
    again = stripe.load()
    assert not again.full
    assert again.objects.total() == 0


@pytest.mark.parametrize("count", [10, 11, 101, 250])
def test_nested_lists_arrive_whole(stripe: LocalStripe, count: int) -> None:
    subscribe(stripe, 1, items=count, lines=count)
    stripe.load()
    assert stripe.query("select count(*) from stripe.subscription_items") == [(count,)]
    assert stripe.query("select count(*) from stripe.invoice_lines") == [(count,)]
    stripe.store.update("customer", "cus_1", {"name": "Renamed"}, now=NOW + 1)
    stripe.store.update("subscription", "sub_1", {"description": "changed"}, now=NOW + 1)
    assert stripe.load().objects["subscriptions"] == 1
    assert stripe.query(
        "select count(*) from stripe.subscription_items join stripe.subscriptions"
        " on subscriptions.id = subscription_id"
        " and subscriptions.read_at = subscription_items.read_at"
    ) == [(count,)]


@pytest.mark.parametrize("seed", [1, 2])
def test_every_object_of_a_long_list_is_read_once(local_stripe: LocalStripe, seed: int) -> None:
    """Dense and sparse stretches of `created`, hundreds of objects in one second."""
    chance = random.Random(seed)
    moments = [
        *(NOW - chance.randrange(900 * DAY) for _ in range(1500)),
        *(NOW - chance.randrange(DAY) for _ in range(700)),
        *([NOW - 30 * DAY] * 450),
    ]
    local_stripe.store.load(
        builders.customer(id=f"cus_{n:04}", created=created) for n, created in enumerate(moments)
    )
    result = local_stripe.load()
    assert result.objects["customers"] == len(moments)
    assert local_stripe.query("select count(distinct id) from stripe.customers") == [
        (len(moments),)
    ]


def test_invoice_made_long_ago_and_paid_now_arrives_with_its_paid_at(stripe: LocalStripe) -> None:
    stripe.store.put(builders.customer(id="cus_1", created=NOW - 100 * DAY))
    late = {"id": "in_late", "customer": "cus_1", "created": NOW - 90 * DAY, "total": 700}
    stripe.store.put(builders.invoice(**late, status="open"))
    stripe.load()
    assert stripe.query("select status, paid_at from stripe.invoices") == [("open", None)]
    stripe.store.put(builders.invoice(**late, status="paid", paid_at=NOW), now=NOW)
    stripe.load()
    assert stripe.query("select id, epoch(paid_at)::bigint, total from stripe.invoices") == [
        ("in_late", NOW, 700)
    ]


def test_a_draft_never_lands_and_what_was_open_lands_and_follows_its_status(
    stripe: LocalStripe,
) -> None:
    """By lists, and by events; what was closed before anybody saw it open stays away."""
    billed = {"customer": "cus_1", "created": NOW, "total": 700}
    ends = {"paid": "paid", "void": "void", "lost": "uncollectible"}
    stripe.store.put(builders.customer(id="cus_1", created=NOW))
    for status in ("draft", "void", "uncollectible"):
        stripe.store.put(builders.invoice(id=f"in_{status}_before", status=status, **billed))
    for name in ends:
        stripe.store.put(builders.invoice(id=f"in_{name}", status="open", **billed))
    stripe.load()
    stripe.store.put(builders.invoice(id="in_new", status="draft", **billed), now=NOW)
    stripe.load()
    states = "select id, status from stripe.invoices order by id"
    assert stripe.query(states) == [(f"in_{name}", "open") for name in sorted(ends)]
    stripe.store.update("invoice", "in_new", {"status": "open"}, now=NOW + 1)
    for name, status in ends.items():
        stripe.store.update("invoice", f"in_{name}", {"status": status}, now=NOW + 1)
    stripe.load()
    now = sorted([*((f"in_{name}", status) for name, status in ends.items()), ("in_new", "open")])
    assert stripe.query(states) == now
    assert stripe.load(full=True).full
    assert stripe.query(states) == now


def test_a_failed_payment_tells_its_attempts_and_the_next_one(stripe: LocalStripe) -> None:
    stripe.store.put(builders.customer(id="cus_1", created=NOW))
    stripe.store.put(
        builders.invoice(id="in_1", customer="cus_1", status="open", created=NOW, total=700)
    )
    stripe.load()
    tried = {"attempt_count": 2, "next_payment_attempt": NOW + 3 * DAY}
    stripe.store.update("invoice", "in_1", tried, now=NOW + 1)
    stripe.load()
    assert stripe.query(
        "select attempt_count, epoch(next_payment_attempt)::bigint, amount_remaining, status"
        " from stripe.invoices"
    ) == [(2, NOW + 3 * DAY, 700, "open")]


def test_a_subscription_says_how_it_is_collected_and_why_it_was_canceled(
    stripe: LocalStripe,
) -> None:
    why = {"reason": "cancellation_requested", "feedback": "too_complex", "comment": "No, thanks"}
    sold = builders.price(id="price_1", unit_amount=700)
    stripe.store.put(builders.customer(id="cus_1", created=NOW))
    stripe.store.put(sold)
    stripe.store.put(
        builders.subscription(
            id="sub_1",
            customer="cus_1",
            items=[builders.item(price=sold)],
            collection_method="send_invoice",
            days_until_due=14,
            cancellation_details={**why, "feedback_option": None},
        )
    )
    stripe.load()
    assert stripe.query(
        "select collection_method, days_until_due, cancellation_reason, cancellation_feedback,"
        " cancellation_comment from stripe.subscriptions"
    ) == [("send_invoice", 14, *why.values())]


def test_deleted_customer_becomes_a_tombstone_that_keeps_its_values(stripe: LocalStripe) -> None:
    stripe.store.put(builders.customer(id="cus_1", metadata={"account_id": "a1"}, created=NOW))
    stripe.load()
    stripe.store.delete("customer", "cus_1", now=NOW + 1)
    stripe.load()
    assert stripe.query("select metadata, deleted_at is not null from stripe.customers") == [
        ('{"account_id":"a1"}', True)
    ]


def test_full_read_finds_a_deletion_that_no_event_told(stripe: LocalStripe) -> None:
    subscribe(stripe, 1)
    subscribe(stripe, 2)
    stripe.load()
    stripe.store.delete("customer", "cus_1", now=NOW - 40 * DAY)  # its event is past the overlap
    assert stripe.load(full=True).full
    assert stripe.query("select id from stripe.customers where deleted_at is not null") == [
        ("cus_1",)
    ]
    assert stripe.query("select status from stripe.subscriptions order by id") == [
        ("canceled",),
        ("active",),
    ]


def test_customer_deleted_before_the_first_load_is_not_lost(stripe: LocalStripe) -> None:
    subscribe(stripe, 1)
    stripe.store.delete("customer", "cus_1", now=NOW - 40 * DAY)
    stripe.load()
    assert stripe.query("select id, deleted_at is not null from stripe.customers") == [
        ("cus_1", True)
    ]
    assert stripe.query("select customer_id, status from stripe.subscriptions") == [
        ("cus_1", "canceled")
    ]


def test_first_load_merges_what_events_tell_of_with_what_the_lists_show(
    stripe: LocalStripe,
) -> None:
    subscribe(stripe, 1)
    stripe.store.put(builders.customer(id="cus_2", created=NOW - DAY))
    stripe.store.delete("customer", "cus_2", now=NOW)
    voided = builders.invoice(id="in_void", customer="cus_1", status="void", created=NOW, total=1)
    stripe.store.put(voided, now=NOW)
    stripe.load()
    assert stripe.query("select id, deleted_at is not null from stripe.customers order by id") == [
        ("cus_1", False),
        ("cus_2", True),
    ]
    assert stripe.query("select count(*) from stripe.invoices where id = 'in_void'") == [(0,)]
    assert stripe.load().objects.total() == 0


def test_deleted_coupon_of_an_item_goes_on_discounting(stripe: LocalStripe) -> None:
    stripe.store.put(builders.coupon(id="old", percent_off=20, duration="forever"))
    discounted = builders.item(price=MONTHLY, discounts=[builders.discount(coupon="old")])
    stripe.store.put(builders.customer(id="cus_1", created=NOW))
    stripe.store.put(
        builders.subscription(id="sub_1", customer="cus_1", items=[discounted], created=NOW)
    )
    stripe.store.delete("coupon", "old", now=NOW)
    stripe.load()
    assert stripe.query("select coupon_id, percent_off, duration from stripe.discounts") == [
        ("old", Decimal(20), "forever")
    ]


def test_removed_discount_is_no_longer_current(stripe: LocalStripe) -> None:
    stripe.store.put(builders.coupon(id="half", percent_off=12.5))
    subscribe(stripe, 1)
    with_discount = builders.subscription(
        id="sub_1",
        customer="cus_1",
        items=[builders.item(price=MONTHLY)],
        discounts=[builders.discount(coupon="half")],
        created=NOW,
    )
    stripe.store.put(with_discount, now=NOW)
    stripe.load()
    current = (
        "select percent_off from stripe.discounts join stripe.subscriptions"
        " on subscriptions.id = root_id and subscriptions.read_at = discounts.read_at"
    )
    assert stripe.query(current) == [(Decimal("12.5"),)]
    stripe.store.update("subscription", "sub_1", {"discounts": []}, now=NOW + 1)
    stripe.load()
    assert stripe.query(current) == []


def test_raw_objects_are_kept_and_readable_with_sql(stripe: LocalStripe) -> None:
    subscribe(stripe, 1)
    stripe.load()
    pattern = stripe.paths.raw / "subscriptions" / "*.jsonl.zst"
    assert stripe.query(f"select id, status from read_json('{pattern}')")[0] == ("sub_1", "active")


def test_wrong_key_is_named_and_changes_nothing(stripe: LocalStripe) -> None:
    subscribe(stripe, 1)
    with pytest.raises(StripeError, match="STRIPE_API_KEY") as raised:
        stripe.load(key="sk_test_wrong_and_secret")
    assert "wrong_and_secret" not in str(raised.value)
    assert not stripe.paths.warehouse.exists()


def test_missing_permissions_are_all_named_before_anything_is_read(stripe: LocalStripe) -> None:
    forbidden = ("/v1/invoices", "/v1/coupons")

    def refuse(path: str) -> tuple[int, dict[str, str]] | None:
        return (403, {}) if path in forbidden else None

    with refusing(stripe, refuse) as restricted, pytest.raises(PermissionMissing) as raised:
        restricted.load()
    assert "Invoices" in str(raised.value)
    assert "Coupons" in str(raised.value)
    assert not stripe.paths.warehouse.exists()
    assert not list(stripe.paths.raw.rglob("*"))
    with Inbox.open(stripe.paths.inbox) as inbox:
        assert inbox.history(1) == []
        assert not inbox.position(ACCOUNT, BEGAN)


@pytest.mark.parametrize(("per_second", "files"), [(None, 1), (4, 2)])
def test_what_a_small_account_brings_is_merged_while_the_rate_lets_nothing_else_be_done(
    stripe: LocalStripe, per_second: float | None, files: int
) -> None:
    import ingestion.merge.dlt_merge  # noqa: F401  what takes a second to load would not be idle

    long = {f"key_{number}": "x" * 500 for number in range(10)}
    for number in range(8 * PAGE):
        stripe.store.put(builders.customer(id=f"cus_{number}", metadata=long, created=NOW - number))
    connection = replace(stripe.connection(), requests_per_second=per_second, concurrency=1)
    load(connection, stripe.paths)
    assert stripe.query("select count(*) from stripe.customers") == [(8 * PAGE,)]
    kept = list((stripe.paths.raw / "customers").iterdir())
    assert min(len(kept), 2) == files


def test_refused_requests_are_repeated_after_the_time_stripe_names(stripe: LocalStripe) -> None:
    subscribe(stripe, 1)
    refused: Counter[str] = Counter()

    def refuse(path: str) -> tuple[int, dict[str, str]] | None:
        refused[path] += 1
        first = {1: (429, {"Retry-After": "0"}), 2: (503, {"Retry-After": "0"})}
        return first.get(refused[path])

    with refusing(stripe, refuse) as busy:
        busy.load()
    assert stripe.query("select count(*) from stripe.invoices") == [(1,)]


def test_failed_load_moves_no_cursor_and_the_next_one_makes_up_for_it(stripe: LocalStripe) -> None:
    subscribe(stripe, 1)
    stripe.load()
    with Inbox.open(stripe.paths.inbox) as inbox:
        before = inbox.position(ACCOUNT, CURSOR)
    stripe.store.update("subscription", "sub_1", {"status": "past_due"}, now=NOW + DAY)

    def refuse(path: str) -> tuple[int, dict[str, str]] | None:
        return (400, {}) if path == "/v1/subscriptions/sub_1" else None

    with refusing(stripe, refuse) as broken, pytest.raises(StripeError, match="sub_1"):
        broken.load()
    with Inbox.open(stripe.paths.inbox) as inbox:
        assert inbox.position(ACCOUNT, CURSOR) == before
        assert ("subscriptions", "sub_1") in inbox.pending(ACCOUNT)
    stripe.load()
    assert stripe.query("select status from stripe.subscriptions") == [("past_due",)]


def test_interrupted_full_read_is_done_again_in_full(stripe: LocalStripe) -> None:
    """dlt merges table by table: what a killed read has left must not be built upon."""
    subscribe(stripe, 1)
    for number in range(PAGE):
        stripe.store.put(builders.customer(id=f"cus_old_{number}", created=NOW - 400 * DAY))
    stripe.load()
    stripe.store.update("customer", "cus_1", {"name": "Renamed"}, now=NOW - 40 * DAY)

    lists: Counter[str] = Counter()

    def refuse(path: str) -> tuple[int, dict[str, str]] | None:
        lists[path] += 1
        if path != "/v1/customers" or lists[path] == 1:
            return None
        with Inbox.open(stripe.paths.inbox) as inbox:
            has_begun = inbox.position(ACCOUNT, BEGAN)
        return (400, {}) if has_begun else (429, {"Retry-After": "0.05"})

    with refusing(stripe, refuse) as broken, pytest.raises(StripeError, match="customers"):
        load(broken.connection(), broken.paths, full=True)
    assert stripe.load().full
    named = "select name from stripe.customers where name is not null"
    assert stripe.query(named) == [("Renamed",)]


def test_changes_during_the_first_import_survive_a_failed_poll(stripe: LocalStripe) -> None:
    subscribe(stripe, 1)
    polls: Counter[str] = Counter()

    def refuse(path: str) -> tuple[int, dict[str, str]] | None:
        polls[path] += path == "/v1/events"
        # The check of permissions and the cursor come before the full read.
        return (400, {}) if polls["/v1/events"] > 2 else None

    with refusing(stripe, refuse) as broken, pytest.raises(StripeError, match="events"):
        broken.load()
    stripe.store.update("customer", "cus_1", {"name": "Renamed"}, now=NOW + 30)
    stripe.store.put(builders.customer(id="cus_later", created=NOW + 5 * DAY))
    stripe.load()
    assert stripe.query("select name from stripe.customers where id = 'cus_1'") == [("Renamed",)]


@pytest.mark.parametrize("coupon", ["SAVE?10", "50#OFF", "50%25", "SUMMER 25"])
def test_made_up_ids_are_read_by_id(stripe: LocalStripe, coupon: str) -> None:
    stripe.load()
    stripe.store.put(builders.coupon(id=coupon, percent_off=10), now=NOW)
    stripe.load()
    assert stripe.query("select id, duration, deleted_at from stripe.coupons") == [
        (coupon, "forever", None)
    ]


def test_404_of_something_else_than_stripe_deletes_nothing(stripe: LocalStripe) -> None:
    subscribe(stripe, 1)
    stripe.load()
    stripe.store.update("customer", "cus_1", {"name": "Renamed"}, now=NOW + 1)

    def refuse(path: str) -> tuple[int, dict[str, str]] | None:
        return (404, {}) if path.startswith("/v1/customers/") else None

    with refusing(stripe, refuse) as gateway, pytest.raises(StripeError, match="404"):
        gateway.load()
    stripe.load()
    assert stripe.query("select name, deleted_at from stripe.customers") == [("Renamed", None)]


def test_paid_invoice_that_is_paid_no_longer_is_shown_as_it_is(stripe: LocalStripe) -> None:
    subscribe(stripe, 1)
    stripe.load()
    stripe.store.update("invoice", "in_1", {"status": "void"}, now=NOW + 1)
    stripe.load()
    assert stripe.query("select status from stripe.invoices") == [("void",)]


def test_lost_warehouse_is_filled_again(stripe: LocalStripe) -> None:
    subscribe(stripe, 1)
    stripe.load()
    stripe.paths.warehouse.unlink()
    assert stripe.load().full
    assert stripe.query("select count(*) from stripe.customers") == [(1,)]


def test_no_copy_of_what_was_loaded_stays_behind(stripe: LocalStripe) -> None:
    subscribe(stripe, 1)
    stripe.load()
    assert list(stripe.paths.dlt.rglob("*.parquet")) == []


def test_key_never_stands_in_an_error(stripe: LocalStripe) -> None:
    with pytest.raises(StripeError) as raised:
        stripe.load(key="sk_test_very_secret\r", attempts=1)
    assert "very_secret" not in str(raised.value)


def test_settling_does_not_slow_down_with_the_log(tmp_path: Path) -> None:
    """Counted in steps of SQLite's machine, which no other load can change."""
    steps = []
    for logged in (200, 2000):
        with Inbox.open(tmp_path / f"{logged}.db") as inbox:
            inbox.append(ACCOUNT, (event(n) for n in range(logged)), received_at=utc_now())
            count = 0

            def tick() -> None:
                nonlocal count
                count += 1

            inbox._database.set_progress_handler(tick, 10)
            inbox.settle(ACCOUNT, [("customers", "cus_7")], read_from=utc_now())
            steps.append(count)
            assert len(inbox.pending(ACCOUNT)) == logged - 1
    assert steps[1] < 3 * steps[0], steps


def event(number: int) -> dict[str, Any]:
    found = {"id": f"cus_{number}", "object": "customer"}
    return {
        "id": f"evt_{number}",
        "type": "customer.updated",
        "created": NOW,
        "data": {"object": found},
    }


def test_key_of_another_account_is_refused_before_anything_is_read(stripe: LocalStripe) -> None:
    subscribe(stripe, 1)
    stripe.load()
    with sqlite3.connect(stripe.paths.inbox) as inbox:
        inbox.execute("update positions set stripe_account_id = 'acct_other'")
    with pytest.raises(StripeError, match="acct_other: set the key of that account"):
        stripe.load(full=True)
    assert stripe.query("select count(*) from stripe.customers where deleted_at is null") == [(1,)]


def test_key_is_the_stripe_account_and_the_id_in_every_table(stripe: LocalStripe) -> None:
    subscribe(stripe, 1)
    stripe.load()
    for table in TABLES:
        columns = stripe.query(f"describe stripe.{table.name}")
        assert columns[0][:2] == ("stripe_account_id", "VARCHAR")
        assert columns[-1][:2] == ("loaded_at", "TIMESTAMP")
    assert stripe.query("select distinct stripe_account_id from stripe.customers") == [(ACCOUNT,)]


def test_each_load_marks_its_rows_later_than_the_one_before(stripe: LocalStripe) -> None:
    subscribe(stripe, 1)
    subscribe(stripe, 2)
    stripe.load()
    ((first, last),) = stripe.query(
        "select min(seen), max(seen) from (select loaded_at as seen from stripe.customers"
        " union all select loaded_at from stripe.invoice_lines)"
    )
    assert first == last
    # A clock that was set back does not bring rows in under a reader's watermark.
    with duckdb.connect(str(stripe.paths.warehouse)) as database:
        database.execute("update stripe.prices set loaded_at = timestamp '2100-01-01'")
    stripe.store.delete("customer", "cus_1", now=NOW + 1)
    stripe.load()
    changed = "select id, deleted_at is not null, year(loaded_at) from stripe.customers order by 1"
    assert stripe.query(changed) == [("cus_1", True, 2100), ("cus_2", False, last.year)]
    assert stripe.query("select max(loaded_at) > timestamp '2100-01-01' from stripe.customers") == [
        (True,)
    ]


def test_warehouse_and_inbox_without_accounts_are_taken_over_with_their_tombstones(
    stripe: LocalStripe,
) -> None:
    subscribe(stripe, 1)
    subscribe(stripe, 2)
    stripe.load()
    stripe.store.delete("customer", "cus_1", now=NOW + 1)
    stripe.load()
    make_older(stripe)
    with pytest.raises(InboxNotReady, match=r"events.db is of an older version: run .* sync"):
        Inbox.open(stripe.paths.inbox, read_only=True)
    stripe.store.update("customer", "cus_2", {"name": "Renamed"}, now=NOW + DAY)
    assert not stripe.load().full
    query = "select id, stripe_account_id, name, deleted_at is not null from stripe.customers"
    assert stripe.query(
        f"{query} where name = 'Renamed' or deleted_at is not null order by id"
    ) == [
        (
            "cus_1",
            ACCOUNT,
            stripe.query("select name from stripe.customers order by id")[0][0],
            True,
        ),
        ("cus_2", ACCOUNT, "Renamed", False),
    ]
    assert stripe.query("select count(*) from stripe.subscription_items") == [(2,)]
    with Inbox.open(stripe.paths.inbox, read_only=True) as inbox:
        assert inbox.accounts() == [ACCOUNT]
        assert inbox.pending(ACCOUNT) == []


def test_delivery_before_the_first_load_becomes_the_accounts(stripe: LocalStripe) -> None:
    with Inbox.open(stripe.paths.inbox) as inbox:
        inbox.take([("", event(1))], received_at=utc_now())
    stripe.load()
    with Inbox.open(stripe.paths.inbox) as inbox:
        assert inbox.backlog() == {}
    assert stripe.query("select id, deleted_at is not null from stripe.customers") == [
        ("cus_1", True)
    ]


def make_older(stripe: LocalStripe) -> None:
    """The files as they were before there were several Stripe accounts."""
    with duckdb.connect(str(stripe.paths.warehouse)) as database:
        for table in TABLES:
            database.execute(
                f"create or replace table stripe.{table.name} as"
                f" select * exclude (stripe_account_id, loaded_at) from stripe.{table.name}"
            )
    with sqlite3.connect(stripe.paths.inbox) as inbox:
        inbox.executescript(OLDER_INBOX)


OLDER_INBOX = f"""
create table e as select id, type, created, received_at, payload from events;
create table p as select event_id, stream, object_id, done_at from pointers;
create table o as select name, value from positions;
drop table pointers; drop table events; drop table positions;
create table events (id text primary key, type text not null, created integer not null,
    received_at text not null, payload text not null) strict;
create table pointers (event_id text not null references events, stream text not null,
    object_id text not null, done_at text, primary key (event_id, stream, object_id))
    strict, without rowid;
create index pending on pointers (stream, object_id) where done_at is null;
create table positions (name text primary key, value text not null) strict;
insert into events select * from e; insert into pointers select * from p;
insert into positions select * from o; insert into positions values ('stripe_account', '{ACCOUNT}');
drop table e; drop table p; drop table o;
"""


def test_load_that_was_killed_while_dlt_made_its_folders_is_repeated(
    local_stripe: LocalStripe,
) -> None:
    local_stripe.store.put(builders.customer(id="cus_1", created=NOW))
    local_stripe.load()
    local_stripe.store.put(builders.customer(id="cus_2", created=NOW), now=NOW)
    (local_stripe.paths.dlt / "stripe_traits" / "load" / "normalized").rmdir()
    local_stripe.load()
    assert local_stripe.query("select id from stripe.customers order by id") == [
        ("cus_1",),
        ("cus_2",),
    ]


def test_a_stripe_that_was_never_reached_is_given_up_within_15_seconds() -> None:
    async def ask() -> None:
        async with Client(Connection(TEST_KEY, "http://127.0.0.1:9", API_VERSION)) as client:
            await client.get("/v1/account")

    began = time.monotonic()
    with pytest.raises(StripeError, match="check STRIPE_API_BASE and the network"):
        asyncio.run(ask())
    assert time.monotonic() - began < 15
