"""Two Stripe accounts in which everything has the same id, from their lists to the account store.

Whatever joins by an id alone would show one account's row as the other's, or twice.
"""

import sqlite3
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import orjson
import pytest
from local_stripe import DAY, NOW, SeveralAccounts, several_accounts
from pipeline import AS_OF, money

from ingestion.landing import TABLES
from ingestion.load import LoadResult
from orchestration.configuration.environment import read_settings
from orchestration.configuration.settings import Settings
from orchestration.stages.build import transform_stage
from orchestration.stages.delivery import deliver_stage
from orchestration.stages.load import load_stage
from orchestration.terminal.reporter import LogReporter
from reverse_sync.deliver.result import SyncResult
from sandbox import builders
from sandbox.http.keys import ACCOUNT
from sandbox.server import TEST_KEY
from sandbox.storage.store import Store

pytestmark = pytest.mark.long

OTHER = "acct_other"
REPORTER = LogReporter(lambda line: None)
FAULTS = {"quarantine", "missing_objects"}  # of objects at fault, of which there are none here
Rows = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Business:
    """What of an account is its own, where all ids are those of the other."""

    name: str
    amount: int  # minor units a month
    percent_off: int
    tier: int  # minor units, of the tiered price
    paid: int
    month: int  # in which the card ends


FIRST = Business("first", 5000, 50, 300, 1111, 3)
SECOND = Business("second", 8000, 10, 700, 2222, 9)


def objects(one: Business) -> list[Any]:
    made: dict[str, Any] = {"created": NOW - 10 * DAY}
    price = builders.price(id="price_same", unit_amount=one.amount, product="prod_same", **made)
    tiers = [builders.tier(up_to=None, unit_amount=one.tier)]
    tiered = builders.price(
        id="tiered_same", tiers=tiers, tiers_mode="graduated", product="prod_same", **made
    )
    coupon = builders.coupon(
        id="coupon_same", name=f"Coupon {one.name}", percent_off=one.percent_off, **made
    )
    fixed = builders.coupon(
        id="coupon_fixed", amount_off=5, currency_options={"eur": {"amount_off": 4}}, **made
    )
    discount = builders.discount(id="di_same", coupon=coupon)
    items = [
        builders.item(id="si_same", price=price, discounts=[discount]),
        builders.item(id="si_tiered", price=tiered),
    ]
    return [
        builders.product(id="prod_same", name=f"Product {one.name}", **made),
        *(price, tiered, coupon, fixed),
        builders.payment_method(
            id="pm_same", customer="cus_same", exp_month=one.month, exp_year=2030, **made
        ),
        builders.customer(
            id="cus_same",
            name=f"Customer {one.name}",
            email=f"{one.name}@example.com",
            balance=one.paid,
            metadata={"account_id": one.name, "of": one.name},
            default_payment_method="pm_same",
            **made,
        ),
        builders.customer(id="cus_stray", name=f"Stray {one.name}", **made),
        builders.subscription(id="sub_same", customer="cus_same", items=items, **made),
        builders.invoice(
            id="in_same",
            customer="cus_same",
            subscription="sub_same",
            lines=[
                builders.line(
                    id="il_same",
                    amount=one.paid + 5,
                    price=price,
                    discount_amounts=[{"amount": 5, "discount": discount}],
                )
            ],
            **made,
        ),
    ]


@dataclass
class Story:
    """Two days: as it was, and after changes in the second account alone."""

    accounts: list[Rows] = field(default_factory=list)  # of the account store, by id
    loads: list[LoadResult] = field(default_factory=list)
    sent: list[SyncResult] = field(default_factory=list)
    marts: list[dict[str, list[dict[str, Any]]]] = field(default_factory=list)
    landed: dict[str, list[tuple[Any, ...]]] = field(default_factory=dict)

    def is_delivered(self, as_of: datetime) -> None:
        settings = read_settings()
        self.loads.append(load_stage(settings, REPORTER, full=False))
        assert transform_stage(settings, REPORTER, as_of=as_of).failure is None
        sent = deliver_stage(settings, REPORTER, as_of=as_of, run_id=f"{as_of:%d}")
        self.sent.append(sent)
        self.accounts.append(_accounts(settings.data_dir / "accounts.db"))
        self.marts.append(_marts(settings.marts))
        self.landed = self.landed or _landed(settings.warehouse)


def _accounts(path: Path) -> Rows:
    with sqlite3.connect(path) as database:
        found = database.execute("select account_id, mrr, lifecycle_status, traits from accounts")
        return {
            account: {"mrr": mrr, "status": status, **orjson.loads(traits)}
            for account, mrr, status, traits in found
        }


def _marts(path: Path) -> dict[str, list[dict[str, Any]]]:
    with duckdb.connect(str(path), read_only=True) as database:
        found = {}
        for (name,) in database.execute(
            "select table_name from duckdb_tables() where schema_name = 'main'"
        ).fetchall():
            rows = database.execute(f"from main.{name}")
            columns = [column[0] for column in rows.description or ()]
            found[name] = [dict(zip(columns, row, strict=True)) for row in rows.fetchall()]
        return found


def _landed(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Accounts by id, of every landing table."""
    with duckdb.connect(str(path), read_only=True) as database:
        return {
            table.name: database.execute(
                "select id, list(stripe_account_id order by stripe_account_id)"
                f" from stripe.{table.name} group by id"
            ).fetchall()
            for table in TABLES
        }


def change(store: Store) -> None:
    """The second account alone: dearer, less off, another card, then a customer less."""
    store.update("customer", "cus_same", {"name": "Renamed", "balance": 7}, now=NOW + 60)
    store.delete("customer", "cus_stray", now=NOW + 60)
    card = store.get("payment_method", "pm_same")
    assert card
    store.put(card | {"card": card["card"] | {"exp_month": 11}}, now=NOW + 60)
    store.update("product", "prod_same", {"name": "Product renamed"}, now=NOW + 60)


def environment(stripe: SeveralAccounts, folder: Path, patch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        patch.delenv(name.upper(), raising=False)
    patch.chdir(folder)  # a .env of the project's folder is none of the tests'
    given = {
        "STRIPE_API_BASE": stripe.url,
        "STRIPE_API_KEY": f"{TEST_KEY},sk_test_other",
        "ACCOUNT_ID_METADATA_KEY": "account_id",
        "DATA_DIR": str(folder / "data"),
    }
    for name, value in given.items():
        patch.setenv(name, value)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    folder = tmp_path_factory.mktemp("two")
    with several_accounts(folder) as stripe, pytest.MonkeyPatch.context() as patch:
        environment(stripe, folder, patch)
        for account, business in ((ACCOUNT, FIRST), (OTHER, SECOND)):
            for one in objects(business):
                stripe.stores[account].put(one)
        told = Story()
        told.is_delivered(AS_OF)
        change(stripe.stores[OTHER])
        told.is_delivered(AS_OF + timedelta(hours=1))
        yield told


def test_every_id_is_landed_once_for_each_account(story: Story) -> None:
    assert story.loads[0].full
    for table, ids in story.landed.items():
        assert bool(ids) == (table not in FAULTS), table
        assert [(one, accounts) for one, accounts in ids if accounts != [ACCOUNT, OTHER]] == []


def test_marts_have_one_row_an_account_where_the_grain_is_stripes(story: Story) -> None:
    grains = {
        "subscriptions": ["sub_same"],
        "invoices": ["in_same"],
        "unlinked_customers": ["cus_stray"],
    }
    for name, ids in grains.items():
        key = next(column for column in story.marts[0][name][0] if column in KEYS)
        found = sorted((row["stripe_account_id"], row[key]) for row in story.marts[0][name])
        assert found == [(account, one) for account in (ACCOUNT, OTHER) for one in ids], name
    items = sorted(
        (row["stripe_account_id"], row["subscription_item_id"], row["price_id"], row["component"])
        for row in story.marts[0]["mrr_breakdown"]
    )
    first = [one[1:] for one in items if one[0] == ACCOUNT]
    assert first == [one[1:] for one in items if one[0] == OTHER]
    assert len(items) == len(set(items))


KEYS = ("subscription_id", "invoice_id", "customer_id")


@pytest.mark.parametrize("one", [FIRST, SECOND], ids=lambda one: one.name)
def test_each_account_shows_its_own_values_alone(story: Story, one: Business) -> None:
    assert sorted(story.accounts[0]) == ["first", "second"]
    found = story.accounts[0][one.name]
    after = one.amount * (100 - one.percent_off) / 100 + one.tier
    assert money(found["stripe.mrrNormalized"]) == money(after / 100)
    assert {name: found.get(name) for name in own(one)} == own(one)
    (row,) = [r for r in story.marts[0]["multi_subscription_traits"] if r["account_id"] == one.name]
    assert row["subscription_ids"] == ["sub_same"]
    assert money(row["all_mrr_normalized"]) == money(after / 100)
    assert row["last_invoice_amounts"] == [money(one.paid) / 100]


def own(one: Business) -> dict[str, Any]:
    return {
        "status": "subscribed",
        "stripe.name": f"Customer {one.name}",
        "stripe.email": f"{one.name}@example.com",
        "stripe.accountBalance": one.paid / 100,
        "stripe.metadata.of": one.name,
        "stripe.cardExpiration": f"2030-{one.month:02}-{monthrange(2030, one.month)[1]}",
        "stripe.planNames": [f"Product {one.name}"] * 2,
        "stripe.lastInvoiceAmount": one.paid / 100,
        "stripe.discountName": f"Coupon {one.name}",
        "stripe.discountPercentOff": one.percent_off,
    }


def test_a_change_in_one_account_moves_nothing_of_the_other(story: Story) -> None:
    assert not story.loads[1].full
    assert story.sent[1].sent == 1
    assert story.accounts[1]["first"] == story.accounts[0]["first"]
    changed = story.accounts[1]["second"]
    assert (changed["stripe.name"], changed["stripe.accountBalance"]) == ("Renamed", 0.07)
    for name, before in story.marts[0].items():
        if before and "stripe_account_id" in before[0]:
            kept = [row for row in before if row["stripe_account_id"] == ACCOUNT]
            after = [r for r in story.marts[1][name] if r["stripe_account_id"] == ACCOUNT]
            assert sorted(map(repr, kept)) == sorted(map(repr, after)), name
    strays = {row["stripe_account_id"]: row for row in story.marts[1]["unlinked_customers"]}
    assert strays[ACCOUNT]["is_deleted"] is False
