"""Months before the first sync, estimated from invoices, are what syncing through them had kept."""

import os
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from billed_business import Business
from billed_examples import EXAMPLES, UNREAD_PRICES, objects
from examples_build import RunSettings, Warehouse
from examples_objects import at, moment
from local_stripe import LocalStripe

from sandbox import clock
from sandbox.server import serving
from sandbox.storage.store import Store

pytestmark = pytest.mark.long

SEED = int(os.environ.get("BUSINESS_SEED", "1"))
CUSTOMERS = 40
MONTHS = [moment(f"2025-{month:02}-01") for month in range(5, 9)]
FIRST_SYNC = moment("2025-09-30")  # by then the changes of a month stand in a paid invoice
Months = dict[tuple[str, date], Decimal]


@dataclass(frozen=True)
class Both:
    """MRR by account and month: as kept by syncs, as estimated by a fresh import."""

    kept: Months
    estimated: Months
    business: Business


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    folder = tmp_path_factory.mktemp("estimate")
    with Store(folder / "sandbox.db") as store, serving(store) as url:
        clock.put(store, at("2025-05-01"))
        served = LocalStripe(store, url, folder)
        business = Business(served, random.Random(SEED))
        kept = Warehouse(served.paths.warehouse)
        for end in business.live(MONTHS, CUSTOMERS):
            served.load()
            kept.refresh(RunSettings(as_of=end))
        business.until(FIRST_SYNC)
        served.load()
        kept.refresh(RunSettings(as_of=FIRST_SYNC))
        yield Both(months(kept), months(imported(served, folder / "fresh")), business)


def imported(served: LocalStripe, folder: Path) -> Warehouse:
    """The same business and the worked examples, seen for the first time."""
    folder.mkdir()
    for one in objects():
        served.store.put(one, now=clock.now(served.store))
    fresh = replace(served, folder=folder)
    fresh.load()
    warehouse = Warehouse(fresh.paths.warehouse)
    for price in UNREAD_PRICES:
        warehouse.lose("prices", price)
    warehouse.refresh(RunSettings(as_of=FIRST_SYNC))
    return warehouse


def months(warehouse: Warehouse) -> Months:
    rows = warehouse.records("from marts.mrr_by_month where month < date '2025-09-01'")
    return {(row["account_id"], row["month"]): row["mrr"] for row in rows}


@pytest.mark.parametrize("account", EXAMPLES)
def test_example(account: str, both: Both) -> None:
    found = {month.month: mrr for (of, month), mrr in both.estimated.items() if of == account}
    expected = EXAMPLES[account].months
    assert found == expected


def test_estimated_is_what_was_kept(both: Both) -> None:
    untold = {(of, month.date()) for of, month in both.business.untold}
    told = {
        (account.customer, month.date())
        for account in both.business.accounts
        for month in MONTHS
        if (account.customer, month.date()) not in untold
    }
    wrong = {
        key: (both.kept.get(key, 0), both.estimated.get(key, 0))
        for key in told
        if both.kept.get(key, 0) != both.estimated.get(key, 0)
    }
    assert wrong == {}, f"(kept, estimated) of BUSINESS_SEED={SEED}"
    assert len({mrr for mrr in both.kept.values() if mrr}) > CUSTOMERS / 2
