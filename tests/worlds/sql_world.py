"""A reverse-sync before each SQL account store: fixtures for any file of tests."""

from pathlib import Path

import pytest
from reverse_sync_world import World

from reverse_sync.stores.postgres_store import PostgresStore


@pytest.fixture(params=["sqlite", "postgres"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    if request.param == "sqlite":
        return World(tmp_path, f"sqlite:///{tmp_path}/accounts.db")
    return World(tmp_path, str(request.getfixturevalue("postgres_url")))


@pytest.fixture
def local(tmp_path: Path) -> World:
    """Where the kind of the store does not matter."""
    return World(tmp_path, f"sqlite:///{tmp_path}/accounts.db")


@pytest.fixture
def one_lane(monkeypatch: pytest.MonkeyPatch) -> None:
    """No batch goes before the last one's answer, into Postgres too."""
    monkeypatch.setattr(PostgresStore, "lanes", 1)
