"""After any history of faults and kills: the warehouse, the marts and the account store are what a
first import makes of the same Stripe; no webhook is lost, nothing was sent twice without need.
"""

import os
from collections.abc import Iterator
from random import Random, SystemRandom

import pytest
from histories import drawn
from laboratory import Laboratory
from misbehaving_store import Arrival
from sent_twice import AFTER_KILL, FORGOTTEN, NO_ANSWER, NO_NEED, Sent

pytestmark = pytest.mark.long

SEED = int(os.environ.get("SOAK_SEED") or SystemRandom().randrange(1 << 31))
TAKEN = Arrival(delivery=0, account="a", taken=True, changed=True, answered=True)


@pytest.fixture(scope="module")
def laboratory() -> Iterator[Laboratory]:
    with Laboratory() as made:
        yield made


@pytest.mark.parametrize("number", range(2))  # `make soak` goes on
def test_every_history_ends_in_the_truth(laboratory: Laboratory, number: int) -> None:
    history = drawn(Random(SEED + number))
    try:
        laboratory.run(history)
    except Exception as error:
        again = f"make soak SOAK_SEED={SEED + number} SOAK_HISTORIES=1"
        error.add_note(f"{history}\nrepeat it: {again}")
        raise


def two_deliveries(*, killed: bool = False, open_between: bool = False) -> Sent:
    """Of account a, which waits in the outbox between them or does not."""
    sent, waiting = Sent(), {"a"} if open_between else set[str]()
    sent.begun(set())
    sent.ended(killed=killed, unresolved=waiting)
    sent.begun(waiting)
    sent.ended(killed=False, unresolved=set())
    return sent


def again(delivery: int) -> Arrival:
    return Arrival(delivery=delivery, account="a", taken=True, changed=False, answered=True)


def test_what_the_outbox_knew_to_be_taken_needed_no_second_sending() -> None:
    assert two_deliveries().judged([TAKEN, again(1)])[NO_NEED] == 1
    assert two_deliveries().judged([TAKEN, again(0)])[NO_NEED] == 1


def test_a_kill_between_answer_and_note_is_why_it_is_repeated() -> None:
    killed = two_deliveries(killed=True, open_between=True)
    counts = killed.judged([TAKEN, again(1)])
    assert (counts[AFTER_KILL], counts[NO_NEED], counts[FORGOTTEN]) == (1, 0, 0)


def test_an_answer_that_was_read_has_to_be_noted() -> None:
    counts = two_deliveries(open_between=True).judged([TAKEN, again(1)])
    assert counts[FORGOTTEN] == 1


def test_an_answer_that_never_came_is_why_it_is_repeated() -> None:
    unanswered = Arrival(delivery=0, account="a", taken=True, changed=True, answered=False)
    assert two_deliveries(open_between=True).judged([unanswered, again(1)])[NO_ANSWER] == 1
    assert two_deliveries().judged([unanswered, again(0)])[NO_ANSWER] == 1
