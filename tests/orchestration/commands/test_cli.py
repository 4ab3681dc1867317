"""The command line as processes of its own: what a user types, reads and gets as an exit code."""

import json
import signal
import sqlite3
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import psycopg
import pytest
from command_line import PROGRAM, environment, run
from local_stripe import DAY, NOW, LocalStripe, refusing
from marts_reader import HOLDS_IT_OPEN, Reader

from sandbox import builders
from sandbox.http.keys import ACCOUNT, Key
from sandbox.server import serving
from sandbox.storage.store import Store

pytestmark = pytest.mark.long

AS_OF = "2025-06-15T00:00:00Z"


def business(stripe: LocalStripe, accounts: int) -> None:
    """Accounts a-0, a-1, ... with two customers each: 50.00 a month, and 600.00 a year."""
    monthly = builders.price(id="price_monthly", unit_amount=5000)
    yearly = builders.price(id="price_yearly", unit_amount=60000, interval="year")
    objects: list[Any] = [builders.product(id="prod_test"), monthly, yearly]
    for number in range(accounts):
        for name, price in (("m", monthly), ("y", yearly)):
            customer = f"cus_{number}{name}"
            objects += [
                builders.customer(
                    id=customer, metadata={"account_id": f"a-{number}"}, created=NOW - 9 * DAY
                ),
                builders.subscription(
                    id=f"sub_{number}{name}",
                    customer=customer,
                    items=[builders.item(price=price)],
                    created=NOW - 9 * DAY,
                ),
            ]
    objects.append(builders.customer(id="cus_stray", created=NOW - 9 * DAY))
    stripe.store.load(objects)


def test_missing_settings_are_lines_with_remedies_before_any_request(tmp_path: Path) -> None:
    finished = run("sync", cwd=tmp_path, MRR_PAUSE_COLLECTION="perhaps")
    assert finished.returncode == 2
    assert finished.stdout == ""
    assert "MRR_PAUSE_COLLECTION" in finished.stderr
    assert "Traceback" not in finished.stderr
    finished = run("sync", cwd=tmp_path)
    assert finished.returncode == 2
    assert finished.stderr.startswith("stripe-traits: STRIPE_API_KEY is not set")


def refused(folder: Path, **settings: str) -> str:
    """What a sync says that ends with 1; it has written nothing."""
    finished = run("sync", cwd=folder, **settings)
    assert finished.returncode == 1
    assert finished.stdout == ""
    assert not (folder / "data" / "warehouse.duckdb").exists()
    assert not (folder / "data" / "accounts.db").exists()
    return finished.stderr


def test_wrong_key_is_one_line_and_changes_nothing(
    local_stripe: LocalStripe, tmp_path: Path
) -> None:
    key = "sk_test_somebody_elses"
    said = refused(tmp_path, STRIPE_API_BASE=local_stripe.url, STRIPE_API_KEY=key)
    (line,) = said.splitlines()
    assert "STRIPE_API_KEY" in line
    assert "somebody_elses" not in said


def test_missing_permissions_are_one_line_and_change_nothing(tmp_path: Path) -> None:
    key = Key("rk_test_narrow", reads=frozenset({"customers", "invoices"}))
    with Store(tmp_path / "sandbox.db") as store, serving(store, keys=[key]) as url:
        said = refused(tmp_path, STRIPE_API_BASE=url, STRIPE_API_KEY=key.secret)
    (line,) = said.splitlines()
    assert "may not read: Subscriptions, Prices, Products, Coupons, Payment Methods, Events" in line


def test_permissions_that_the_lists_alone_miss_are_one_line_and_change_nothing(
    tmp_path: Path,
) -> None:
    key = Key("rk_test_narrow", reads=frozenset({"customers", "invoices", "events"}))
    with Store(tmp_path / "sandbox.db") as store, serving(store, keys=[key]) as url:
        named = f"{ACCOUNT}:{key.secret}"
        said = refused(tmp_path, STRIPE_API_BASE=url, STRIPE_API_KEY=named)
    (line,) = said.splitlines()
    assert "may not read: Subscriptions, Prices, Products, Coupons, Payment Methods; allow" in line
    assert not (tmp_path / "data" / "raw").exists()


def test_account_store_that_is_down_is_named_in_one_line_without_its_password(
    local_stripe: LocalStripe, tmp_path: Path
) -> None:
    business(local_stripe, 1)
    store = "postgresql://user:secret-word@127.0.0.1:1/none"
    ended = run("sync", cwd=tmp_path, STRIPE_API_BASE=local_stripe.url, ACCOUNT_STORE_URL=store)
    assert ended.returncode == 1
    said = ended.stderr.splitlines()[-1]
    assert "account store postgresql://127.0.0.1:1/none: it cannot be reached" in said
    assert "secret-word" not in ended.stderr + ended.stdout
    assert "MRR            usd 100.00" in ended.stdout, "what was read is published"


def test_sync_explain_and_status_into_postgres_with_several_customers_an_account(
    local_stripe: LocalStripe, tmp_path: Path, postgres_url: str
) -> None:
    business(local_stripe, 3)
    settings = {
        "STRIPE_API_BASE": local_stripe.url,
        "ACCOUNT_STORE_URL": postgres_url,
        "ACCOUNT_ID_METADATA_KEY": "account_id",
        "MULTIPLE_SUBSCRIPTIONS": "true",
    }
    first = run("sync", "--as-of", AS_OF, "--json", cwd=tmp_path, **settings)
    assert first.returncode == 0, first.stderr
    summary = json.loads(first.stdout)
    assert summary["delivered"]["creates"] == 3
    assert summary["marts"]["unlinked_customers"] == 1
    assert summary["mrr"] == {"usd": "300.000"}
    with psycopg.connect(postgres_url) as database:
        assert database.execute(
            "select account_id, traits->>'stripe.subscriptionPayingCount', lifecycle_status"
            " from accounts order by account_id"
        ).fetchall() == [(f"a-{number}", "2", "subscribed") for number in range(3)]

    explained = run("explain", "a-1", "all_mrr_normalized", cwd=tmp_path)
    assert explained.returncode == 0, explained.stderr
    assert "sum a month, usd" in explained.stdout
    assert "MRR at the end of each month, newest first" in explained.stdout
    assert explained.stdout.split("sum a month, usd")[1].split()[0] == "100"

    status = json.loads(run("status", "--json", cwd=tmp_path).stdout)
    assert status["marts"]["account_traits"] == 3
    assert status["last_runs"][0]["creates"] == 3

    reader = Reader(
        HOLDS_IT_OPEN, tmp_path / "data" / "marts.duckdb", "select count(*) from account_traits"
    )
    assert reader.look() == "3"
    second = run("sync", "--as-of", AS_OF, cwd=tmp_path, **settings)
    assert second.returncode == 0, second.stderr
    assert "nothing changed" in second.stdout
    assert "true to the marts already" in second.stdout
    assert reader.look() == "3"
    assert reader.stop() == 0

    with sqlite3.connect(tmp_path / "data" / "events.db") as inbox:
        inbox.execute("drop table refused_events")  # which an older version had not
    older = run("status", cwd=tmp_path)
    assert (older.returncode, older.stdout) == (1, "")
    assert older.stderr.startswith("stripe-traits: ")
    assert older.stderr.endswith(
        "events.db is of an older version: run stripe-traits sync, which"
        " brings it up to date; nothing is lost\n"
    )


def test_sync_that_is_killed_is_made_up_for_by_the_next_one(
    local_stripe: LocalStripe, tmp_path: Path
) -> None:
    business(local_stripe, 40)
    settings = {"STRIPE_API_BASE": local_stripe.url}
    process = subprocess.Popen(
        [PROGRAM, "sync", "--as-of", AS_OF],
        env=environment(**settings),
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 120
    while not (tmp_path / "data" / "raw" / "customers").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=30)
    finished = run("sync", "--as-of", AS_OF, cwd=tmp_path, **settings)
    assert finished.returncode == 0, finished.stderr
    assert "81 created" in finished.stdout


def test_interrupted_sync_says_so_and_ends_at_once(
    local_stripe: LocalStripe, tmp_path: Path
) -> None:
    asked = threading.Event()

    def hang(path: str) -> tuple[int, dict[str, str]] | None:
        if path != "/v1/invoices":
            return None
        asked.set()
        return 429, {"Retry-After": "60"}

    with refusing(local_stripe, hang) as slow:
        process = subprocess.Popen(
            [PROGRAM, "sync"],
            env=environment(STRIPE_API_BASE=slow.url),
            cwd=tmp_path,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert asked.wait(timeout=120)
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)
    assert process.returncode == 130, errors
    assert "stopped; nothing is lost" in errors
    assert "Traceback" not in errors


@pytest.fixture
def running_sandbox(tmp_path: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [PROGRAM, "sandbox", "--port", "0", "--customers", "20", "--now", "2025-06-15"],
        env=environment(),
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_sandbox_serves_until_it_is_interrupted(
    running_sandbox: "subprocess.Popen[str]", tmp_path: Path
) -> None:
    import stripe

    assert running_sandbox.stdout is not None
    line = running_sandbox.stdout.readline()
    assert line.startswith("sandbox ready: http://127.0.0.1:")
    client = stripe.StripeClient("sk_test_sandbox", base_addresses={"api": line.split()[-1]})
    assert len(list(client.v1.customers.list({"limit": 7}).auto_paging_iter())) >= 19
    running_sandbox.send_signal(signal.SIGINT)
    _, errors = running_sandbox.communicate(timeout=30)
    assert (running_sandbox.returncode, errors) == (0, "")
