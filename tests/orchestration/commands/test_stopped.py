"""SIGINT and SIGTERM at random moments of a sync (`make soak-stops` sends 40)."""

import random

import pytest
from local_stripe import LocalStripe
from stopped_syncs import stops

pytestmark = pytest.mark.long


def test_stopped_syncs_end_with_their_code_and_lose_nothing(
    local_stripe: LocalStripe, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed = random.randrange(10_000)  # a failure names it
    made = stops(local_stripe, monkeypatch, seed=seed, count=5)
    assert made.ended.total() == 5
