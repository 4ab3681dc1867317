"""A whole sync within a limit of memory, however long Stripe lets its objects be."""

import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from threading import Event
from typing import Any

import pytest
from command_line import PROGRAM, environment
from local_stripe import DAY, NOW
from peak_memory import peak_of
from pipeline import MONTHLY, Pipeline, subscribe

from orchestration.warehouse import memory
from orchestration.warehouse.memory import TOO_LITTLE
from sandbox import builders

pytestmark = pytest.mark.long

CUSTOMERS, INVOICES, LINES = 2000, 40, 250
MOST = 850 << 20  # bytes of the process, 270 MiB of them before it begins
STORED = "select count(*), min(length(traits)) > 25000, min(length(name)) from accounts"


def long_customers() -> Iterator[Any]:
    """50 metadata values of 500 characters, and a name of 5,000, for each who pays."""
    yield from (builders.product(id="prod_test"), MONTHLY)
    for number in range(CUSTOMERS):
        created = NOW - DAY - number
        yield builders.customer(
            id=f"cus_{number}",
            name=f"{number:05}" * 1000,
            metadata={f"key_{key}": f"{number * 50 + key:010}" * 50 for key in range(50)},
            created=created,
        )
        yield builders.subscription(
            id=f"sub_{number}",
            customer=f"cus_{number}",
            items=[builders.item(price=MONTHLY)],
            created=created,
        )
    for number in range(INVOICES):
        lines = [builders.line(amount=20, price=MONTHLY) for _ in range(LINES)]
        yield builders.invoice(id=f"in_{number}", customer=f"cus_{number}", lines=lines)


def test_long_objects_reach_the_account_store_within_a_limit_of_memory(pipeline: Pipeline) -> None:
    pipeline.stripe.store.load(long_customers())
    process = subprocess.Popen(
        [PROGRAM, "sync", "--as-of", "2025-06-15"],
        cwd=pipeline.stripe.folder,
        env=environment(STRIPE_API_BASE=pipeline.stripe.url, DATA_DIR=str(pipeline.folder)),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    peak = peak_of(process.pid)
    _, said = process.communicate()
    assert process.returncode == 0, said
    assert TOO_LITTLE not in said
    with closing(sqlite3.connect(pipeline.folder / "accounts.db")) as store:
        assert store.execute(STORED).fetchall() == [(CUSTOMERS, True, 5000)]
    assert peak < MOST, f"{peak >> 20} MiB"


@pytest.mark.parametrize("limit", [pytest.param(1 << 20, id="deciding"), 3 << 20])
def test_what_the_limit_is_too_little_for_begins_again_once_without_it(
    refreshed: Pipeline,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    limit: int,
) -> None:
    monkeypatch.setattr(memory, "LIMIT", f"select least({limit}, $whole)::bigint")
    monkeypatch.setattr(memory, "_lifted", Event())
    subscribe(refreshed, "four")
    assert refreshed.refresh(full=True)["creates"] == 1
    assert capfd.readouterr().err.count(TOO_LITTLE) == 1
    assert refreshed.mart("select count(*), sum(mrr) from single_subscription_traits") == [(4, 200)]
