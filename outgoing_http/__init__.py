"""One rate budget for each server, shared by all processes of this machine.

In: a folder, what the budget is for, its rate. Out: leave to send, or the seconds to wait. Not
here: who sends what. It imports no stage, so that every stage may import it.
"""

from outgoing_http.rate_budget import BudgetSpent, RateBudget
from outgoing_http.rate_limit_headers import remaining, seconds_asked

__all__ = ["BudgetSpent", "RateBudget", "remaining", "seconds_asked"]
