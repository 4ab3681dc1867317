"""What landed rows name is there when the load has ended, whichever column names it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from local_stripe import DAY, NOW, LocalStripe, refusing
from named_objects import BASE, PAIRS, UNSEEN

from ingestion.inbox.cursors import LANDED_AS
from ingestion.inbox.events_db import Inbox
from ingestion.landing import EXTRACTS, TABLES
from ingestion.landing.columns import Kind
from ingestion.landing.references import REFERENCES
from ingestion.references.missing_objects import AT_ONCE, FIRST_WAIT, LONGEST_WAIT, wait
from ingestion.stripe_api.reader import utc_now
from sandbox import builders
from sandbox.http.keys import ACCOUNT
from sandbox.misbehaviour.faults import Faults, LateEvents
from sandbox.server import serving

# A removed item is to be had from nobody; its line names the subscription, which is read.
NOT_READ = {("invoice_lines", "subscription_item_id", "subscription_items")}
HIDING = Faults(unlisted=(f"*{UNSEEN}",), late_events=LateEvents(objects=(f"*{UNSEEN}",)))
NOTED = "select object_id, problem from stripe.missing_objects where found_at is null order by 1"


def test_every_column_with_an_id_says_whose_it_is() -> None:
    columns = [(table, column) for table in TABLES for column in table.columns]
    for table, column in columns:
        if column.kind is Kind.ID and column.names is None:
            starts = {path.split(".")[0] for path in column.paths}
            assert starts <= {"root", "parent"}, f"{table.name}.{column.name} names what?"
    named = {(t.name, column.name, column.names) for t, column in columns if column.names}
    assert {one for one in named if one[2] not in EXTRACTS} == NOT_READ
    assert len(REFERENCES) == len(named) - len(NOT_READ)


@contextmanager
def hiding(stripe: LocalStripe) -> Iterator[LocalStripe]:
    """What is `unseen` is in no list and no event; by id it is there."""
    with serving(stripe.store, faults=HIDING) as url:
        yield replace(stripe, url=url)


def fill(stripe: LocalStripe, *, named: bool, now: int | None = None) -> None:
    """Every referrer; `named`: with the objects that they name."""
    for pair in PAIRS:
        for made in [*([pair.object()] if named else []), *pair.referrer()]:
            stripe.store.put(made, now=now)


def not_landed(stripe: LocalStripe) -> list[str]:
    """Pairs whose object has no row, not even a tombstone."""
    return [
        pair.name
        for pair in PAIRS
        if not stripe.query(
            f"select 1 from stripe.{pair.reference.stream} where id = '{pair.named}'"
        )
    ]


@pytest.fixture
def stripe(local_stripe: LocalStripe) -> LocalStripe:
    for made in BASE:
        local_stripe.store.put(made)
    return local_stripe


def test_first_import_reads_what_rows_name_and_no_list_shows(stripe: LocalStripe) -> None:
    fill(stripe, named=True)
    with hiding(stripe) as hidden:
        hidden.load()
    assert not_landed(stripe) == []
    assert stripe.query(NOTED) == []


def test_refresh_reads_what_rows_name_and_no_event_told(stripe: LocalStripe) -> None:
    with hiding(stripe) as hidden:
        hidden.load()
        fill(stripe, named=True, now=NOW + 1)
        assert not hidden.load().full
        assert not_landed(stripe) == []
        assert hidden.load().objects == {}, "nothing is asked for twice"


def test_what_stripe_no_longer_knows_has_a_tombstone_or_a_note(stripe: LocalStripe) -> None:
    fill(stripe, named=False)
    stripe.load()
    methods = sorted(p.named for p in PAIRS if p.reference.stream == "payment_methods")
    assert stripe.query(NOTED) == [(one, "gone") for one in methods]
    assert set(not_landed(stripe)) == {pair.name for pair in PAIRS if pair.named in methods}
    alive = [
        pair.name
        for pair in PAIRS
        if pair.named not in methods
        and stripe.query(
            f"select 1 from stripe.{pair.reference.stream}"
            f" where id = '{pair.named}' and deleted_at is null"
        )
    ]
    assert alive == []
    assert stripe.query(
        "select unit_amount, deleted_at is null from stripe.prices where id ="
        f" 'subscriptions-subscription_items.price_id-{UNSEEN}'"
    ) == [(5000, False)], "the copy in the item gives the last row"
    again = stripe.load(full=True)
    assert again.objects["payment_methods"] == 0, "what is gone is not asked for again"


def test_what_stripe_refuses_is_noted_and_found_when_it_is_allowed(stripe: LocalStripe) -> None:
    fill(stripe, named=True)

    def refuse(path: str) -> tuple[int, dict[str, str]] | None:
        return (403, {}) if path.endswith(UNSEEN) else None

    with hiding(stripe) as hidden:
        with refusing(stripe, refuse, faults=HIDING) as strict:
            strict.load()
        everyone = sorted(pair.named for pair in PAIRS)
        assert stripe.query(NOTED) == [(one, "refused") for one in everyone]
        copied = "subscriptions-subscription_items.price_id"
        assert set(not_landed(stripe)) == {pair.name for pair in PAIRS} - {copied}
        assert stripe.query(
            f"select unit_amount, deleted_at from stripe.prices where id = '{copied}-{UNSEEN}'"
        ) == [(5000, None)], "the copy in the item, as long as there is no other"
        with Inbox.open(stripe.paths.inbox) as inbox:
            lines = inbox.missing(ACCOUNT)
        assert len(lines) == len(everyone)
        assert any("the key lacks the permission to read this (403)" in line for line in lines)
        assert not hidden.load().full
    assert not_landed(stripe) == []
    assert stripe.query(NOTED) == []
    with Inbox.open(stripe.paths.inbox) as inbox:
        assert inbox.missing(ACCOUNT) == []


def test_an_event_of_its_own_finds_what_was_refused(stripe: LocalStripe) -> None:
    refused: list[int] = []

    def refuse(path: str) -> tuple[int, dict[str, str]] | None:
        if path == "/v1/products/prod_unseen":
            refused.append(1)
            return 403, {}
        return None

    with hiding(stripe) as hidden:
        hidden.load()
        with refusing(stripe, refuse, faults=HIDING) as strict:
            stripe.store.put(builders.product(id="prod_unseen"))
            stripe.store.put(
                builders.price(id="price_new", product="prod_unseen", unit_amount=1), now=NOW + 1
            )
            for _ in range(AT_ONCE + 3):
                strict.load()
            assert len(refused) == AT_ONCE + 1, "then it waits"
    stripe.store.update("product", "prod_unseen", {"name": "Seen"}, now=NOW + 2)
    stripe.load()
    assert stripe.query("select name from stripe.products where id = 'prod_unseen'") == [("Seen",)]
    assert stripe.query(NOTED) == []


def test_waits_grow_to_six_hours() -> None:
    assert [wait(n) for n in (1, AT_ONCE)] == [FIRST_WAIT * 0] * 2
    assert [wait(AT_ONCE + n) for n in (1, 2, 3)] == [FIRST_WAIT, FIRST_WAIT * 2, FIRST_WAIT * 4]
    assert wait(500) == LONGEST_WAIT


@pytest.mark.parametrize("drafts", [8, 150])
def test_draft_invoices_are_asked_for_in_lists_where_they_are_more_than_lists(
    stripe: LocalStripe, drafts: int
) -> None:
    for number in range(drafts):
        stripe.store.put(
            builders.invoice(
                id=f"in_{number}",
                customer="cus_base",
                status="draft",
                total=5,
                created=NOW - number * DAY,
            )
        )
        stripe.store.put(
            builders.subscription(
                id=f"sub_{number}",
                customer="cus_base",
                items=[builders.item(price=BASE[1])],
                latest_invoice=f"in_{number}",
            )
        )
    asked: list[str] = []

    def watch(path: str) -> None:
        asked.append(path)

    with refusing(stripe, watch) as watched:
        watched.load()
    assert stripe.query("select count(*) from stripe.invoices") == [(0,)]
    assert [path for path in asked if path.startswith("/v1/invoices/")] == []
    assert asked.count("/v1/invoices") < 40
    asked.clear()
    stripe.store.update("subscription", "sub_7", {"description": "new"}, now=NOW + 1)
    with refusing(stripe, watch) as watched:
        watched.load()
    assert [path for path in asked if path.startswith("/v1/invoices/")] == ["/v1/invoices/in_7"]


def test_a_source_that_a_subscription_alone_names_is_read_when_it_changes(
    stripe: LocalStripe,
) -> None:
    stripe.store.put(builders.card(id="card_own", customer="cus_base", exp_year=2030), now=NOW)
    stripe.store.put(
        builders.subscription(
            id="sub_own",
            customer="cus_base",
            items=[builders.item(price=BASE[1])],
            default_source="card_own",
        )
    )
    stripe.load()
    stripe.store.update("card", "card_own", {"exp_year": 2040}, now=NOW + 1)
    stripe.load()
    assert stripe.query(
        "select card_exp_year, customer_id from stripe.payment_methods where id = 'card_own'"
    ) == [(2040, "cus_base")]


def test_landing_tables_of_another_version_make_a_full_read_due(stripe: LocalStripe) -> None:
    stripe.load()
    assert not stripe.load().full
    with Inbox.open(stripe.paths.inbox) as inbox:
        inbox.settle(ACCOUNT, [], read_from=utc_now(), **{LANDED_AS: "another"})
    again = stripe.load()
    assert (
        again.why == "this version of stripe-traits lands more, or otherwise, than the one before"
    )
    assert not stripe.load().full
