"""Objects as long as Stripe lets them be, by the thousand: memory is limited in bytes."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from load_process import begun, ended
from local_stripe import DAY, NOW, LocalStripe
from peak_memory import peak_of

from ingestion.stripe_api import client, page_queue
from ingestion.stripe_api.reader import Page, utc_now
from sandbox import builders

pytestmark = pytest.mark.long

CUSTOMERS, INVOICES, LINES = 2000, 40, 250
LANDED = """
select count(*), min(len(name)), (select count(*) from stripe.invoice_lines) from stripe.customers
"""
MOST = 700 << 20  # bytes of the process, 250 MiB of them before it begins


def long_objects() -> Iterator[Any]:
    """50 metadata values of 500 characters a customer, and invoices of many lines."""
    price = builders.price(id="price_monthly", unit_amount=5000)
    yield from (builders.product(id="prod_test"), price)
    for number in range(CUSTOMERS):
        yield builders.customer(
            id=f"cus_{number}",
            name=f"{number:05}" * 1000,
            metadata={f"key_{key}": f"{number * 50 + key:010}" * 50 for key in range(50)},
            created=NOW - DAY - number,
        )
    for number in range(INVOICES):
        text = f"{number:05}" * 80
        lines = [builders.line(amount=20, price=price, description=text) for _ in range(LINES)]
        yield builders.invoice(
            id=f"in_{number}", customer=f"cus_{number}", lines=lines, created=NOW - DAY - number
        )


def test_long_objects_are_imported_within_a_limit_of_memory(local_stripe: LocalStripe) -> None:
    local_stripe.store.load(long_objects())
    process = begun(local_stripe)
    assert process.pid is not None
    peak = peak_of(process.pid)
    assert ended(process) == 0
    assert peak < MOST, f"{peak >> 20} MiB"
    assert local_stripe.query(LANDED) == [(CUSTOMERS, 5000, INVOICES * LINES)]
    assert local_stripe.query("select min(len(metadata)) from stripe.customers") >= [(25_000,)]


@pytest.mark.parametrize(("length", "objects"), [(10, 100), (4_000, 50)])
def test_pages_after_a_long_one_have_fewer_objects(
    local_stripe: LocalStripe, monkeypatch: pytest.MonkeyPatch, length: int, objects: int
) -> None:
    monkeypatch.setattr(client, "LONG_ANSWER", 200_000)
    for number in range(200):
        customer = builders.customer(id=f"cus_{number}", description="x" * length)
        local_stripe.store.put(customer)
    pages = asyncio.run(_two_pages(local_stripe))
    assert len(pages[0]) == 100
    assert objects * 0.5 <= len(pages[1]) <= objects


async def _two_pages(stripe: LocalStripe) -> list[Any]:
    async with client.Client(stripe.connection()) as asking:
        return [(await asking.get("/v1/customers", {"limit": 100}))["data"] for _ in range(2)]


@pytest.mark.parametrize("length", [10, 3 << 20])
def test_long_pages_wait_in_smaller_numbers(length: int) -> None:
    pages = page_queue._Pages(page_queue.AHEAD)
    while not pages.full():
        pages.put(Page("customers", [{"id": "cus", "name": "x" * length}], utc_now()))
    held = pages.qsize(), sum(page.size for page in pages.queue if isinstance(page, Page))
    assert held[0] >= page_queue.AHEAD
    assert held[1] < (page_queue.AHEAD + 1) * page_queue.LONG + length
    while not pages.empty():
        pages.get()
    assert pages.qsize() == 0
