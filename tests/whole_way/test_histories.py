"""After any history, faults and restarts, the warehouse is the truth, and what a full import is."""

import time
from collections.abc import Iterator
from random import Random

import pytest
from histories import Laboratory, drawn
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

SECONDS = 30.0  # histories begin until then; `make soak` goes on


@pytest.fixture(scope="module")
def laboratory() -> Iterator[Laboratory]:
    with Laboratory() as made:
        yield made


class Budget:
    """Seconds that are left, and all the time in the world once something has failed."""

    def __init__(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds
        self.failed = False

    def is_spent(self) -> bool:
        return not self.failed and time.monotonic() > self._until


@pytest.fixture(scope="module")
def budget() -> Budget:
    return Budget(SECONDS)


@settings(
    max_examples=100,
    deadline=None,
    database=None,
    print_blob=True,
    phases=(Phase.explicit, Phase.generate),  # each one takes seconds: it is shown as it was found
    suppress_health_check=list(HealthCheck),
)
@given(dice=st.randoms(use_true_random=False))
def test_every_history_ends_in_the_truth(
    dice: Random, laboratory: Laboratory, budget: Budget
) -> None:
    history = drawn(dice)
    note(repr(history))
    if budget.is_spent():
        return
    try:
        laboratory.run(history)
    except BaseException:
        budget.failed = True
        raise
