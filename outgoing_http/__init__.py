"""What every request to another server keeps to, whoever sends it.

One rate budget for each server, shared by all processes of this machine; a limit of size and of
time for each answer; and no secret in what is told of them. Not here: who sends what. It imports
no stage, so that every stage may import it.
"""

from outgoing_http.answers import (
    ACCEPTED,
    MIB,
    Answer,
    AnswerLimits,
    AnswerTooLong,
    AnswerTooSlow,
    NoAnswer,
    fetch,
)
from outgoing_http.blocking import BlockingClient
from outgoing_http.rate_budget import BudgetSpent, RateBudget
from outgoing_http.rate_limit_headers import remaining, seconds_asked
from outgoing_http.secrets import HIDDEN, KEY, hide, scrubbed

__all__ = [
    "ACCEPTED",
    "HIDDEN",
    "KEY",
    "MIB",
    "Answer",
    "AnswerLimits",
    "AnswerTooLong",
    "AnswerTooSlow",
    "BlockingClient",
    "BudgetSpent",
    "NoAnswer",
    "RateBudget",
    "fetch",
    "hide",
    "remaining",
    "scrubbed",
    "seconds_asked",
]
