"""A part of the soak (`make soak-sync` kills 200 and more), and two processes at once."""

import random
from pathlib import Path

import pytest
from sync_soak import Shared, Soak, soak

pytestmark = pytest.mark.long


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/accounts.db"
    return str(request.getfixturevalue("postgres_url"))


@pytest.mark.parametrize("seed", [11])
def test_kill_9_at_random_points_loses_nothing_and_sends_nothing_stale(
    url: str, tmp_path: Path, seed: int
) -> None:
    assert soak(tmp_path, url, seed=seed, kills=12) >= 12


def test_two_processes_at_once_send_each_change_once(tmp_path: Path) -> None:
    made = Soak(Shared(tmp_path, f"sqlite:///{tmp_path}/accounts.db"), random.Random(5))
    made.start()
    made.log_writes()
    for _ in range(3):
        made.together()
