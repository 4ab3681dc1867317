"""Data of an earlier version is kept, brought up to date, goes on; that of a later one is refused.

`earlier/` has folders that earlier versions made of one local Stripe, `stripe.db`, as of
2026-10-15, without what a run makes again. What they become is compared with a first import.
"""

import lzma
import sqlite3
import tarfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import psycopg
import pytest
from command_line import run
from fresh_outcome import MARTS, Outcome, outcome

from orchestration.configuration.settings import SANDBOX_KEY
from reverse_sync.stores.account_store import FORMAT, AccountStoreError
from reverse_sync.stores.target import Target
from reverse_sync.stores.url import check, opened
from sandbox.server import serving
from sandbox.storage.store import Store

pytestmark = pytest.mark.long

EARLIER = Path(__file__).with_name("earlier")
VERSIONS = sorted(path.name.removesuffix(".tar.xz") for path in EARLIER.glob("*.tar.xz"))


@pytest.fixture(scope="module")
def stripe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A day after the earlier versions have read it."""
    path = tmp_path_factory.mktemp("stripe") / "stripe.db"
    path.write_bytes(lzma.decompress((EARLIER / "stripe.db.xz").read_bytes()))
    with Store(path) as store, serving(store) as url:
        key = {"Authorization": f"Bearer {SANDBOX_KEY}"}
        with httpx.Client(base_url=url, headers=key, timeout=60, trust_env=False) as client:
            client.post("/sandbox/live", data={"days": 1, "seed": 1}).raise_for_status()
        yield url


def synced(folder: Path, stripe: str) -> str:
    """What the refresh of a day later says."""
    done = run(
        *("sync", "--as-of", "2026-10-16"),
        cwd=folder.parent,
        DATA_DIR=str(folder),
        STRIPE_API_BASE=stripe,
        ACCOUNT_ID_METADATA_KEY="account_id",
        MULTIPLE_SUBSCRIPTIONS="true",
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def fresh(stripe: str, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    folder = tmp_path_factory.mktemp("fresh") / "data"
    folder.mkdir()
    synced(folder, stripe)
    assert not (folder / "backups").exists(), "there was nothing to keep"
    return outcome(folder / "marts.duckdb", folder / "accounts.db")


@pytest.fixture(params=VERSIONS)
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    made = tmp_path / "data"
    with tarfile.open(EARLIER / f"{request.param}.tar.xz") as archive:
        archive.extractall(made, filter="data")
    return made


def test_data_of_an_earlier_version_becomes_what_a_first_import_makes(
    folder: Path, stripe: str, fresh: Outcome
) -> None:
    before = (folder / "warehouse.duckdb").read_bytes()
    assert "kept as it was in" in synced(folder, stripe)
    found = outcome(folder / "marts.duckdb", folder / "accounts.db")
    for mart in MARTS:
        assert found.marts[mart] == fresh.marts[mart], mart
    assert found.store == fresh.store
    [backup] = (folder / "backups").iterdir()
    with tarfile.open(backup) as archive:
        kept = archive.extractfile("warehouse.duckdb")
        assert kept is not None
        assert kept.read() == before
    assert "kept as it was in" not in synced(folder, stripe)


def test_data_of_a_later_version_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "format").write_text("2\n")
    for command in ("sync", "status", "report", "webhooks"):
        done = run(
            command, cwd=tmp_path, DATA_DIR=str(folder), STRIPE_API_BASE="http://127.0.0.1:1"
        )
        assert done.returncode == 1, done.stdout
        said = " ".join(done.stderr.split())
        assert "has format 2, and this version of stripe-traits knows 1" in said
        assert "backups/before-format-2.tar.gz" in said
        assert "Traceback" not in said


def test_an_inbox_of_a_later_version_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    with closing(sqlite3.connect(folder / "events.db")) as inbox:
        inbox.execute("pragma user_version = 2")
    done = run("sync", cwd=tmp_path, DATA_DIR=str(folder), STRIPE_API_BASE="http://127.0.0.1:1")
    assert done.returncode == 1
    assert "events.db has format 2" in " ".join(done.stderr.split())


def test_a_sqlite_store_of_a_later_version_is_refused(tmp_path: Path) -> None:
    target = Target(f"sqlite:///{tmp_path}/accounts.db")
    with opened(target):
        pass
    with closing(sqlite3.connect(tmp_path / "accounts.db")) as store:
        assert store.execute("pragma user_version").fetchone() == (FORMAT,)
        store.execute(f"pragma user_version = {FORMAT + 1}")
    with pytest.raises(AccountStoreError, match="install the version that wrote them"):
        check(target)


def test_a_postgres_store_of_a_later_version_is_refused(postgres_url: str) -> None:
    target = Target(postgres_url)
    with opened(target):
        check(target)
    with psycopg.connect(postgres_url) as store:
        store.execute("comment on table accounts is 'stripe-traits, format 2'")
    with pytest.raises(AccountStoreError, match="install the version that wrote them"):
        check(target)
