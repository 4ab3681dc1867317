"""When a request may go: a budget for each endpoint and one over all, shared by all processes.

Enters: the path of a request, what a refusal said. Leaves: leave to go, after a wait. The budgets
are files beside no data: two folders of data that are read with one key share Stripe's limit, too.
"""

import asyncio
import os
import tempfile
from pathlib import Path

from outgoing_http.rate_budget import RateBudget

ALL_ENDPOINTS = 2.4  # of one endpoint's rate: Stripe's limit over all is the one that ends first
ALL = "all"
BURST = 2.0  # requests at once: lets a late waker catch up; without it a tenth of the rate is lost


def shared_folder() -> Path:
    """Where this user's processes find each other's budgets, whatever data they work on."""
    return Path(tempfile.gettempdir()) / f"stripe-traits-{os.getuid()}"


class Pace:
    """`per_second` is the rate of one endpoint (None: no limit); `server` says whose limit it is.

    Belongs to one event loop, in which who came first goes first.
    """

    def __init__(self, *, server: str, per_second: float | None, folder: Path) -> None:
        self._server = server
        self._rate = per_second
        self._folder = folder
        self._budgets: dict[str, RateBudget] = {}
        self._turns: dict[str, asyncio.Lock] = {}

    async def wait(self, path: str) -> None:
        """Return when the request may go."""
        if self._rate is None:
            return
        for name in (endpoint(path), ALL):
            budget = self._budget(name)
            async with self._turns.setdefault(name, asyncio.Lock()):
                while seconds := budget.take():
                    await asyncio.sleep(seconds)

    def pause(self, path: str, seconds: float, *, reason: str) -> None:
        """Stripe said so (429): nobody on this machine asks before; `reason` as Stripe names it."""
        if self._rate is not None:
            self._budget(ALL if reason.startswith("global") else endpoint(path)).pause(seconds)

    def _budget(self, name: str) -> RateBudget:
        if name not in self._budgets:
            rate = (self._rate or 0) * (ALL_ENDPOINTS if name == ALL else 1)
            self._budgets[name] = RateBudget.of(
                self._folder,
                server=f"{self._server} {name}",
                per_second=rate,
                burst=BURST,
            )
        return self._budgets[name]


def endpoint(path: str) -> str:
    """`/v1/customers/cus_1` is of the endpoint `/v1/customers`."""
    return "/".join(path.split("/")[:3])
