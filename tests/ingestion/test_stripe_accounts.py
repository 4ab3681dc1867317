"""Several Stripe accounts in one warehouse: kept apart, each read with its own key."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from local_stripe import DAY, NOW, SeveralAccounts, several_accounts

from ingestion.accounts import load_all, reconcile_all
from ingestion.inbox.cursors import CURSOR, LIVEMODE, RETIRED
from ingestion.inbox.events_db import Inbox
from ingestion.load import LoadResult
from ingestion.reconcile.repair import Compared
from ingestion.reconcile.slices import Share
from ingestion.stripe_api.connection import Connection
from ingestion.stripe_api.refusals import StripeError
from sandbox import builders
from sandbox.http.keys import ACCOUNT, Key

OTHER, CONNECTED = "acct_other", "acct_connected"
KEYS = (
    Key("rk_test_blind", reads=frozenset({"customers"}), account=OTHER),
    Key("sk_live_first"),
)


@pytest.fixture
def stripe(tmp_path: Path) -> Iterator[SeveralAccounts]:
    with several_accounts(tmp_path, keys=KEYS) as stripe:
        for name, store in stripe.stores.items():
            store.put(builders.customer(id="cus_same", name=name, created=NOW))
        yield stripe


def connections(
    stripe: SeveralAccounts, *, other: str | None = "sk_test_other", connected: str = CONNECTED
) -> list[Connection]:
    further = [stripe.connection(key=other)] if other else []
    below = stripe.connection(stripe_account_id=connected, connected=True)
    return [stripe.connection(), *further, below]


def loaded(stripe: SeveralAccounts, **which: Any) -> LoadResult:
    return load_all(connections(stripe, **which), stripe.paths)


def customers(stripe: SeveralAccounts) -> dict[str, tuple[str, bool]]:
    rows = stripe.query(
        "select stripe_account_id, name, deleted_at is not null from stripe.customers"
        " where id = 'cus_same'"
    )
    assert len(rows) == len({account for account, *_ in rows})
    return {account: (name, deleted) for account, name, deleted in rows}


def test_the_same_id_in_three_accounts_is_three_objects(stripe: SeveralAccounts) -> None:
    assert loaded(stripe).full
    assert customers(stripe) == {name: (name, False) for name in (ACCOUNT, OTHER, CONNECTED)}
    stripe.stores[OTHER].update("customer", "cus_same", {"name": "Renamed"}, now=NOW + DAY)
    stripe.stores[CONNECTED].delete("customer", "cus_same", now=NOW + DAY)
    assert not loaded(stripe).full
    assert customers(stripe) == {
        ACCOUNT: (ACCOUNT, False),
        OTHER: ("Renamed", False),
        CONNECTED: (CONNECTED, True),
    }
    compared = reconcile_all(
        connections(stripe), stripe.paths, Share(1, 1), progress=lambda stream, objects: None
    )
    assert compared["customers"] == Compared(listed=2, absent=0, differing=0, gone=0)
    with Inbox.open(stripe.paths.inbox) as inbox:
        assert inbox.accounts() == sorted([ACCOUNT, OTHER, CONNECTED])
        assert inbox.position(ACCOUNT, CURSOR) != inbox.position(OTHER, CURSOR)


def test_an_account_that_fails_loses_none_of_the_others_work(stripe: SeveralAccounts) -> None:
    loaded(stripe)
    for store in stripe.stores.values():
        store.update("customer", "cus_same", {"name": "Renamed"}, now=NOW + DAY)
    with pytest.raises(StripeError) as raised:
        loaded(stripe, other="rk_test_rolled", connected="acct_stranger")
    refused, stranger = str(raised.value).splitlines()
    assert refused.startswith("key 2: Stripe does not accept the key (401)")
    assert stranger.startswith("acct_stranger: the first key in STRIPE_API_KEY may not read")
    assert "rolled" not in str(raised.value)
    assert customers(stripe) == {
        ACCOUNT: ("Renamed", False),
        OTHER: (OTHER, False),
        CONNECTED: (CONNECTED, False),
    }
    with Inbox.open(stripe.paths.inbox) as inbox:  # a refused key is no account taken out
        assert not inbox.position(OTHER, RETIRED)
    loaded(stripe)
    assert {name for name, _ in customers(stripe).values()} == {"Renamed"}


def test_missing_permissions_are_named_for_the_key_that_lacks_them(stripe: SeveralAccounts) -> None:
    with pytest.raises(StripeError) as raised:
        loaded(stripe, other="rk_test_blind")
    (line,) = str(raised.value).splitlines()
    assert line.startswith("key 2: the key in STRIPE_API_KEY may not read: Subscriptions, Invoices")
    assert "Account (or write its id before the key" in line
    assert set(customers(stripe)) == {ACCOUNT, CONNECTED}


def test_an_account_taken_out_keeps_its_rows_and_says_so(stripe: SeveralAccounts) -> None:
    loaded(stripe)
    stripe.stores[OTHER].update("customer", "cus_same", {"name": "Renamed"}, now=NOW + DAY)
    loaded(stripe, other=None)
    assert customers(stripe)[OTHER] == (OTHER, False)
    with Inbox.open(stripe.paths.inbox) as inbox:
        assert inbox.position(OTHER, RETIRED)
        assert not inbox.position(ACCOUNT, RETIRED)
    loaded(stripe)  # it comes back, and goes on where it was
    assert customers(stripe)[OTHER] == ("Renamed", False)
    with Inbox.open(stripe.paths.inbox) as inbox:
        assert not inbox.position(OTHER, RETIRED)


def test_a_lost_warehouse_is_filled_for_every_account(stripe: SeveralAccounts) -> None:
    loaded(stripe)
    stripe.paths.warehouse.unlink()
    loaded(stripe)
    assert set(customers(stripe)) == {ACCOUNT, OTHER, CONNECTED}


def test_what_does_not_agree_is_refused_before_anything_is_read(stripe: SeveralAccounts) -> None:
    first, other = stripe.connection(), stripe.connection(key="sk_test_other")
    load_all([first], stripe.paths)
    before = stripe.paths.warehouse.stat().st_mtime_ns
    for wrong, said in (
        ([other], f"of the Stripe account {OTHER}, and DATA_DIR holds {ACCOUNT}"),
        ([first, first], f"name the Stripe account {ACCOUNT} twice"),
        ([stripe.connection(key="sk_live_first")], "is a live key, and DATA_DIR holds test data"),
        (
            [stripe.connection(stripe_account_id=OTHER)],
            f"opens the Stripe account {ACCOUNT}, not {OTHER}",
        ),
    ):
        with pytest.raises(StripeError, match=said):
            load_all(wrong, stripe.paths)
    assert stripe.paths.warehouse.stat().st_mtime_ns == before
    with Inbox.open(stripe.paths.inbox) as inbox:
        assert inbox.position(ACCOUNT, LIVEMODE) == "test"
        assert inbox.accounts() == [ACCOUNT]
