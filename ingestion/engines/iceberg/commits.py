"""Optimistic commits to an Iceberg catalog: again where somebody was first, or nobody answers.

Enters: work that reads a table and commits once. Leaves: it done once, or what it raised last.
The work has to be such that doing it twice leaves what doing it once does: after a lost answer
nobody knows whether a commit arrived.
"""

from collections.abc import Callable
from typing import TypeVar

from pyiceberg.exceptions import (
    CommitFailedException,
    CommitStateUnknownException,
    NoSuchTableError,
    ServerError,
    ServiceUnavailableError,
    TableAlreadyExistsError,
    ValidationException,
)
from requests.exceptions import RequestException
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_random_exponential

MOST_SECONDS = 180  # longer than a store is away that is restarted
BEATEN = (
    *(CommitFailedException, ValidationException, TableAlreadyExistsError, NoSuchTableError),
    FileNotFoundError,  # compacted and removed meanwhile
)
AWAY = (CommitStateUnknownException, ServerError, ServiceUnavailableError, RequestException)
DENIED = ("ACCESS_DENIED", "INVALID_ACCESS_KEY", "SIGNATURE")  # as Arrow says it
Result = TypeVar("Result")


def again(work: Callable[[], Result]) -> Result:
    """Raises what it raised at last."""
    for attempt in Retrying(
        retry=retry_if_exception(_passes),
        stop=stop_after_delay(MOST_SECONDS),
        wait=wait_random_exponential(multiplier=0.1, max=10),
        reraise=True,
    ):
        with attempt:
            return work()
    raise AssertionError  # it has returned or raised


def _passes(error: BaseException) -> bool:
    """Whether it may be otherwise in a moment. What Arrow says of a store has no number, other than
    what the system says of a disk."""
    if isinstance(error, (*BEATEN, *AWAY)):
        return True
    is_store = isinstance(error, OSError) and error.errno is None
    return is_store and not any(word in str(error) for word in DENIED)
