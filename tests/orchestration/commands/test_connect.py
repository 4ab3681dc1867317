"""`stripe-traits connect` as a process: evidence from a real sandbox, settings in `.env`."""

import json
from pathlib import Path

import pytest
from command_line import run
from local_stripe import DAY, NOW, LocalStripe

from orchestration.configuration.environment import WrongSettings
from orchestration.setup import write_env
from sandbox import builders
from sandbox.http.keys import Key
from sandbox.server import serving


def business(stripe: LocalStripe) -> None:
    """Ten customers: nine carry `account_id`, one carries a blank one; one has two subscriptions,
    another one a live and an ended one."""
    price = builders.price(id="price_a", unit_amount=5000)
    stripe.store.put(price)
    for number in range(10):
        metadata = {"account_id": f"a-{number // 2}" if number else " ", "secret_note": "hush"}
        stripe.store.put(
            builders.customer(id=f"cus_{number}", metadata=metadata, created=NOW - DAY)
        )
    for number, (customer, status) in enumerate(
        [(1, "active"), (1, "active"), (2, "active"), (2, "canceled"), (3, "trialing")]
    ):
        stripe.store.put(
            builders.subscription(
                id=f"sub_{number}",
                customer=f"cus_{customer}",
                items=[builders.item(price=price)],
                status=status,
                created=NOW - DAY,
            )
        )


def test_evidence_is_counted_and_the_settings_written(
    local_stripe: LocalStripe, tmp_path: Path
) -> None:
    business(local_stripe)
    (tmp_path / ".env").write_text("# mine\nMRR_PAUSE_COLLECTION=zero\n")
    settings = {"STRIPE_API_BASE": local_stripe.url, "DATA_DIR": str(tmp_path / "data")}
    finished = run("connect", "--yes", "--json", cwd=tmp_path, **settings)
    assert finished.returncode == 0, finished.stderr
    evidence = json.loads(finished.stdout)["evidence"]
    assert evidence["keys"] == [
        {"key": "secret_note", "customers": 10, "values": 1},
        {"key": "account_id", "customers": 9, "values": 5},
    ]
    assert (evidence["customers"], evidence["subscribed"], evidence["several"]) == (10, 3, 1)
    assert evidence["whole"] is True
    assert "hush" not in finished.stdout
    written = (tmp_path / ".env").read_text()
    assert written.startswith("# mine\nMRR_PAUSE_COLLECTION=zero\n")
    assert "MULTIPLE_SUBSCRIPTIONS=true" in written
    assert "STRIPE_API_BASE" not in written, "it was exported for this shell"
    assert "ACCOUNT_ID_METADATA_KEY='account_id'" in written  # tells customers apart, unlike a note
    assert (tmp_path / ".env").stat().st_mode & 0o777 == 0o600


def test_what_is_given_goes_before_the_suggestion_and_a_rerun_replaces_it(
    local_stripe: LocalStripe, tmp_path: Path
) -> None:
    business(local_stripe)
    settings = {"STRIPE_API_BASE": local_stripe.url, "DATA_DIR": str(tmp_path / "data")}
    given = ("--metadata-key", "account_id", "--one-subscription", "--account-store")
    for store in ("sqlite:///first.db", "sqlite:///second.db"):
        finished = run("connect", "--yes", *given, store, cwd=tmp_path, **settings)
        assert finished.returncode == 0, finished.stderr
    assert "account_id" in finished.stdout
    assert "90%" in finished.stdout
    assert f"STRIPE_API_BASE={local_stripe.url} is exported and stays out of" in finished.stdout
    assert sorted((tmp_path / ".env").read_text().splitlines()) == [
        "ACCOUNT_ID_METADATA_KEY='account_id'",
        "ACCOUNT_STORE_URL='sqlite:///second.db'",
        "MULTIPLE_SUBSCRIPTIONS=false",
    ]


def test_a_metadata_key_that_nobody_carries_is_said(
    local_stripe: LocalStripe, tmp_path: Path
) -> None:
    business(local_stripe)
    settings = {"STRIPE_API_BASE": local_stripe.url, "DATA_DIR": str(tmp_path / "data")}
    told = run("connect", "--dry-run", "--metadata-key", "nokey", cwd=tmp_path, **settings)
    assert "no customer carries 'nokey' yet" in told.stdout


def test_a_folder_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(WrongSettings, match="folder does not exist"):
        write_env(tmp_path / "none" / ".env", {"LOG_FORMAT": "text"})


def test_a_key_that_may_not_read_all_writes_nothing(
    local_stripe: LocalStripe, tmp_path: Path
) -> None:
    restricted = Key("rk_test_few", reads=frozenset({"customers"}))
    with serving(local_stripe.store, keys=[restricted]) as url:
        finished = run(
            "connect", "--yes", cwd=tmp_path, STRIPE_API_BASE=url, STRIPE_API_KEY="rk_test_few"
        )
    assert finished.returncode == 1
    assert "Subscriptions" in finished.stderr
    assert "Invoices" in finished.stderr
    assert not (tmp_path / ".env").exists()
    both = run("connect", "--metadata-key", "a", "--stripe-ids", cwd=tmp_path)
    assert both.returncode == 2


def test_the_permissions_of_a_restricted_key_are_listed(
    local_stripe: LocalStripe, tmp_path: Path
) -> None:
    """And they are enough: a key with them, and with nothing else, imports everything."""
    finished = run("connect", "--yes", cwd=tmp_path, DATA_DIR=str(tmp_path / "data"))
    assert finished.returncode == 2, "no key is set"
    [line] = [line for line in finished.stdout.splitlines() if line.startswith("  Read for: ")]
    named = line.removeprefix("  Read for: ").split(", ")
    assert "Customers" in named
    allowed = frozenset(name.lower().replace(" ", "_") for name in named)
    key = Key("rk_test_only", reads=allowed)
    with serving(local_stripe.store, keys=[key]) as base:
        settings = {"STRIPE_API_KEY": "acct_sandbox:rk_test_only", "STRIPE_API_BASE": base}
        settings |= {"DATA_DIR": str(tmp_path / "data")}
        assert run("sync", cwd=tmp_path, **settings).returncode == 0


def test_a_live_secret_key_is_advised_against_and_taken(
    tmp_path: Path,
) -> None:
    for key, advised in {"sk_live_whole": True, "rk_live_part": False}.items():
        settings = {"STRIPE_API_KEY": key, "STRIPE_API_BASE": "https://127.0.0.1:9"}
        settings |= {"DATA_DIR": str(tmp_path / "data")}
        finished = run("connect", "--yes", cwd=tmp_path, **settings)
        assert finished.returncode == 1, "Stripe was asked, and is not there"
        assert ("is a live secret key" in finished.stdout) == advised
        assert key not in finished.stdout + finished.stderr
