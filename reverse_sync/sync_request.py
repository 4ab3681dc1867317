"""A run's context, and what it is asked for.

Enters: values of the settings and of the command. Leaves: frozen objects. No behaviour.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from duckdb import DuckDBPyConnection

from reverse_sync.guards import Guards
from reverse_sync.state.run import Run, Scope
from reverse_sync.stores.target import Target
from reverse_sync.values.store_rules import EVERYTHING, StoreRules
from reverse_sync.values.tracking import Mode, Tracking

Warehouse = Callable[[], AbstractContextManager[DuckDBPyConnection]]
Lease = Callable[[], AbstractContextManager[None]]
Timed = Callable[[str], AbstractContextManager[Any]]


def nothing() -> None:
    """Nobody waits for it."""


@dataclass(frozen=True, kw_only=True)
class SyncContext:
    """What every run needs around it.

    `lease` keeps other senders away from the target as long as it is held; `warehouse` takes the
    writers' lock and opens the file, for short. `planned` is called when the plan is made, before
    anything is sent. `timed` hears how long a part of a run takes.
    `rules`: which accounts and traits the store gets. `shared_plans`: the folder of all stores that
    are brought at the same time.
    """

    marts_path: Path
    warehouse: Warehouse
    target: Target
    multiple_subscriptions: bool
    lease: Lease = nullcontext
    planned: Callable[[], None] = nothing
    guards: Guards = field(default_factory=Guards)
    timed: Timed = nullcontext
    rules: StoreRules = EVERYTHING
    shared_plans: Path | None = None

    @property
    def mode(self) -> Mode:
        return "multi" if self.multiple_subscriptions else "single"


@dataclass(frozen=True, kw_only=True)
class SyncRequest:
    """What one run is asked for.

    `digest`: send exactly this plan, or nothing. `overridden`: guards that do not count this once.
    `approved_by`: who has looked at the plan beside whoever sends it.
    `as_of` is the moment that accounts are judged at, `now` the one that waiting is measured by.
    """

    run_id: str
    as_of: datetime
    now: datetime
    kind: str = "sync"
    digest: str | None = None
    overridden: frozenset[str] = frozenset()
    approved_by: str | None = None
    scope: Scope = field(default_factory=Scope)

    def __post_init__(self) -> None:
        if self.as_of.tzinfo is None or self.now.tzinfo is None:
            raise ValueError("as_of has no time zone; pass an aware datetime, such as UTC")

    def run(self, context: SyncContext, *, version: int, tracking: Tracking) -> Run:
        """The run; its version is not final before `begin`."""
        return Run(
            run_id=self.run_id,
            version=version,
            mode=context.mode,
            tracking=tracking.digest,
            as_of=self.as_of,
            clock=self.now,
            kind=self.kind,
            scope=self.scope,
            rules=context.rules,
        )
