"""The pace of requests: one rate for all processes of the machine, one pause for all of them."""

import asyncio
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path

import pytest
from local_stripe import LocalStripe, refusing

from ingestion.stripe_api.client import Client
from ingestion.stripe_api.rate_limit import Pace
from ingestion.stripe_api.refusals import StripeError

ROOT = Path(__file__).parents[2]
ASKING = """
import asyncio, sys, time
from pathlib import Path
from ingestion.stripe_api.rate_limit import Pace

async def ask(pace, path, end):
    while time.time() < end:
        await pace.wait(path)
        print(path, time.time(), flush=True)

async def main():
    pace = Pace(server="key", per_second=float(sys.argv[2]), folder=Path(sys.argv[1]))
    end = time.time() + float(sys.argv[3])
    paths = ("/v1/customers", "/v1/invoices/in_1", "/v1/prices", "/v1/coupons")
    await asyncio.gather(*(ask(pace, path, end) for path in paths for _ in range(3)))

asyncio.run(main())
"""


def test_processes_together_keep_the_rate_and_each_gets_its_share(tmp_path: Path) -> None:
    rate, seconds = 20, 3.0
    command = [sys.executable, "-c", ASKING, str(tmp_path), str(rate), str(seconds)]
    asking = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) for _ in range(3)
    ]
    moments, shares = defaultdict(list), []
    for process in asking:
        lines = process.communicate(timeout=60)[0].split("\n")[:-1]
        shares.append(len(lines))
        for line in lines:
            path, moment = line.split()
            moments[path].append(float(moment))
            moments["all"].append(float(moment))
    for path, found in moments.items():
        most = rate * 2.4 if path == "all" else rate
        for first in found:
            # One is made up for; one can be printed late, so that two windows share a little: two.
            assert sum(first <= moment < first + 1 for moment in found) <= most + 3, path
    assert min(shares) > 0
    assert sum(shares) > rate * 2.4 * seconds * 0.5


def test_a_request_that_need_not_wait_costs_less_than_a_millisecond(tmp_path: Path) -> None:
    async def spend(pace: Pace) -> float:
        await pace.wait("/v1/customers")  # makes the files
        took = []
        for _ in range(200):
            began = time.thread_time()
            await pace.wait("/v1/customers")
            took.append(time.thread_time() - began)
        return sorted(took)[100]

    pace = Pace(server="key", per_second=1e6, folder=tmp_path)
    assert asyncio.run(spend(pace)) < 0.001


def test_a_refusal_of_one_client_holds_for_the_others(
    local_stripe: LocalStripe, tmp_path: Path
) -> None:
    def refuse(path: str) -> tuple[int, dict[str, str]] | None:
        return (429, {"Retry-After": "1"}) if path == "/v1/customers" else None

    async def ask(busy: LocalStripe) -> tuple[float, float]:
        options = {"requests_per_second": 100.0, "limits": tmp_path / "limits"}
        first = busy.connection(patience_seconds=0, **options)
        async with Client(first) as refused, Client(busy.connection(**options)) as other:
            with pytest.raises(StripeError, match="limits the requests"):
                await refused.get("/v1/customers")
            began = time.monotonic()
            await other.get("/v1/prices")
            free = time.monotonic() - began
            await other._pacing.wait("/v1/customers/cus_1")
            return free, time.monotonic() - began

    with refusing(local_stripe, refuse) as busy:
        free, paused = asyncio.run(ask(busy))
    assert free < 0.9
    assert paused > 0.9


def test_the_budgets_name_neither_key_nor_account(tmp_path: Path) -> None:
    pace = Pace(server="https://api.stripe.com sk_test_secret", per_second=1e6, folder=tmp_path)
    asyncio.run(pace.wait("/v1/customers"))
    for file in tmp_path.iterdir():
        assert b"secret" not in file.name.encode() + file.read_bytes()
