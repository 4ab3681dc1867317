"""Several Stripe accounts in one sandbox, judged by the unmodified SDK."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import stripe
from local_stripe import ACCOUNTS, several_accounts
from test_sandbox_sdk import check

from sandbox import builders, options
from sandbox.accounts import shown
from sandbox.http.keys import Key
from sandbox.misbehaviour.faults import Fault, Faults
from sandbox.misbehaviour.limits import Limits
from sandbox.server import TEST_KEY, NoAddress, serving
from sandbox.shapes import ACCOUNT
from sandbox.storage.store import Store, WrongFile

OWN, CONNECTED = ACCOUNTS
NARROW = Key("rk_test_narrow_5678", reads=frozenset({"customers"}))


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[list[Store]]:
    with several_accounts(tmp_path) as stripe_:
        yield [stripe_.store, *stripe_.others.values()]


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("accounts")
    with several_accounts(folder, keys=[NARROW]) as stripe_:
        for account, store in stripe_.stores.items():
            store.put(builders.customer(id="cus_same", name=account))
            store.put(builders.customer(id=f"cus_{account}"))
        yield stripe_.url


def client(url: str, key: str = TEST_KEY, account: str | None = None) -> stripe.StripeClient:
    return stripe.StripeClient(
        key, base_addresses={"api": url}, stripe_account=account, max_network_retries=0
    )


@pytest.mark.parametrize(
    ("key", "header", "account"),
    [
        (TEST_KEY, None, ACCOUNT),
        (TEST_KEY, ACCOUNT, ACCOUNT),
        (TEST_KEY, CONNECTED, CONNECTED),
        ("sk_test_other", None, OWN),
        ("sk_test_other", OWN, OWN),
    ],
)
def test_key_and_header_say_whose_objects_are_answered(
    url: str, key: str, header: str | None, account: str
) -> None:
    v1 = client(url, key, header).v1
    assert v1.accounts.retrieve_current().id == account
    assert v1.customers.retrieve("cus_same").name == account
    assert {one.id for one in v1.customers.list()} == {"cus_same", f"cus_{account}"}
    assert {event.data.object["id"] for event in v1.events.list()} == {
        "cus_same",
        f"cus_{account}",
    }


@pytest.mark.parametrize(
    ("key", "header"),
    [(TEST_KEY, OWN), (TEST_KEY, "acct_nobody"), ("sk_test_other", CONNECTED)],
)
def test_an_account_that_is_not_connected_is_refused_as_stripe_refuses_it(
    url: str, key: str, header: str
) -> None:
    for call in (
        client(url, key, header).v1.customers.list,
        lambda: client(url, key).v1.accounts.retrieve(header),
        lambda: client(url, key, header).v1.customers.create({"name": "A"}),
    ):
        with pytest.raises(stripe.PermissionError) as caught:
            call()
        assert (caught.value.http_status, caught.value.error.code) == (403, "account_invalid")
        assert f"does not have access to account '{header}'" in str(caught.value)
        assert key not in str(caught.value)


def test_an_unknown_key_is_refused_before_the_account_is_looked_at(url: str) -> None:
    with pytest.raises(stripe.AuthenticationError):
        client(url, "sk_test_unknown", CONNECTED).v1.customers.list()


def test_a_missing_permission_names_the_account_that_was_asked(url: str) -> None:
    assert client(url, NARROW.secret, CONNECTED).v1.customers.list().data
    with pytest.raises(stripe.PermissionError, match=f"on account '{CONNECTED}'"):
        client(url, NARROW.secret, CONNECTED).v1.invoices.list()
    with pytest.raises(stripe.PermissionError, match="rak_accounts_kyc_basic_read"):
        client(url, NARROW.secret).v1.accounts.list()


def test_connected_accounts_are_listed_and_found_by_id(url: str) -> None:
    v1 = client(url).v1
    assert [one.id for one in v1.accounts.list().auto_paging_iter()] == [CONNECTED]
    assert v1.accounts.retrieve(CONNECTED).id == CONNECTED
    assert v1.accounts.retrieve(ACCOUNT).id == ACCOUNT
    assert client(url, "sk_test_other").v1.accounts.list().data == []
    assert list(check(shown(CONNECTED), stripe.Account, "account")) == []


def test_writes_and_the_clock_are_those_of_the_account(url: str) -> None:
    made = client(url, account=CONNECTED).v1.customers.create({"name": "New"})
    assert client(url, account=CONNECTED).v1.customers.retrieve(made.id).name == "New"
    with pytest.raises(stripe.InvalidRequestError):
        client(url).v1.customers.retrieve(made.id)
    own, theirs = ({"Authorization": f"Bearer {key}"} for key in (TEST_KEY, "sk_test_other"))
    before = httpx.get(f"{url}/sandbox/clock", headers=own).json()
    httpx.post(f"{url}/sandbox/advance", headers=theirs, data={"days": "2"}).raise_for_status()
    assert httpx.get(f"{url}/sandbox/clock", headers=own).json() == before
    below = {**own, "Stripe-Account": CONNECTED}
    truth = httpx.get(f"{url}/sandbox/truth", headers=below).json()["objects"]
    assert made.id in truth["customer"]


def test_faults_and_limits_are_those_of_the_account_that_is_asked(stores: list[Store]) -> None:
    first, other, connected = stores
    for store in stores:
        for index in range(4):
            store.put(builders.customer(id=f"cus_{index}", created=1_750_000_000 + index))
    plan = (Fault("delete_last", path="/v1/customers", numbers=(1,)),)
    faults = Faults(plan=plan, limits=Limits(test=2))
    keys = [Key("sk_test_other", account=OWN)]
    served = serving(first, keys=keys, others=[other], connected=[connected], faults=faults)
    with served as url:
        assert len(client(url, account=CONNECTED).v1.customers.list().data) == 4
        client(url, account=CONNECTED).v1.invoices.list()
        with pytest.raises(stripe.RateLimitError):
            client(url, account=CONNECTED).v1.invoices.list()
        assert client(url).v1.invoices.list().data == []
        assert client(url, "sk_test_other").v1.invoices.list().data == []
    assert [store.count("customer") for store in stores] == [4, 4, 3]


def test_an_account_is_served_once_and_a_key_has_an_account_that_is_there() -> None:
    with Store() as one, Store() as same, Store(account_id=OWN) as other:
        assert (one.account_id, other.account_id) == (ACCOUNT, OWN)
        with (
            pytest.raises(ValueError, match=f"account {ACCOUNT}: two stores"),
            serving(one, others=[same]),
        ):
            pass
        key = Key("sk_test_c_secret", account="acct_c")
        with (
            pytest.raises(ValueError, match="no account acct_c; there are") as caught,
            serving(one, others=[other], keys=[key]),
        ):
            pass
        assert "secret" not in str(caught.value)
    with pytest.raises(ValueError, match="write acct_"):
        Store(account_id="elsewhere")


def test_a_file_remembers_its_account(tmp_path: Path) -> None:
    with Store(tmp_path / "a.db", account_id=OWN):
        pass
    with Store(tmp_path / "a.db") as again:
        assert again.account_id == OWN


def test_a_command_line_can_say_an_account() -> None:
    assert options.account("acct_b=sk_test_b") == ("acct_b", "sk_test_b")
    assert options.account("acct_c") == ("acct_c", None)
    assert options.key("sk_live_b@acct_b") == Key("sk_live_b", account="acct_b")
    with pytest.raises(ValueError, match="write acct_ID"):
        options.account("b=sk_test_b")


def test_no_place_to_serve_from_is_one_line_each(tmp_path: Path) -> None:
    for path in (tmp_path / "none" / "s.db", tmp_path):
        with pytest.raises(WrongFile, match="name one in a folder that exists"):
            Store(path)
    with Store(tmp_path / "a.db") as store, serving(store) as url:
        taken = int(url.rpartition(":")[2])
        with (
            pytest.raises(NoAddress, match=f"port {taken}.*choose another --port"),
            serving(store, port=taken),
        ):
            pass


def test_the_command_serves_several_accounts(tmp_path: Path) -> None:
    command = [
        *(sys.executable, "-m", "orchestration.program", "sandbox", "--port", "0"),
        *("--customers", "3", "--data", str(tmp_path / "s.db"), "--now", "2026-01-01"),
        *("--account", f"{OWN}=sk_test_other", "--account", CONNECTED),
        *("--key", f"sk_live_other@{OWN}"),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ}) as run:
        assert run.stdout
        try:
            url = run.stdout.readline().split()[-1]
            own = client(url, "sk_live_other").v1
            assert own.accounts.retrieve_current().id == OWN
            theirs = {one.id for one in own.customers.list()}
            below = {one.id for one in client(url, account=CONNECTED).v1.customers.list()}
            assert theirs
            assert theirs != below
        finally:
            run.send_signal(signal.SIGTERM)
    names = {"s.db", f"s.{OWN}.db", f"s.{CONNECTED}.db"}
    assert names <= {path.name for path in tmp_path.iterdir()}
