"""From account_traits to a plan: one that is committed with its outbox, or one that is only shown.

Enters: the open warehouse, the run's context, what it is asked for. Leaves: a recorded plan; or a
preview, with every trace of it rolled back. Guards and digest are judged inside the transaction, so
that a plan that may not be sent was never written.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace

from duckdb import DuckDBPyConnection

from reverse_sync.diff.candidates import PART, SHARED_PART
from reverse_sync.diff.candidates import read as candidates
from reverse_sync.guards import Blocked, Figures, Trip, check
from reverse_sync.plan.counts import Plan
from reverse_sync.plan.fill_outbox import begin, diff_into_outbox, record
from reverse_sync.plan.guard_figures import digest, figures
from reverse_sync.plan.preview import Preview, previewed
from reverse_sync.plan.records import insert_run
from reverse_sync.state.published_build import published_build
from reverse_sync.state.run import transaction
from reverse_sync.state.store_identity import other_store, settle
from reverse_sync.stores.account_store import AccountStore, AccountStoreError
from reverse_sync.sync_request import SyncContext, SyncRequest
from reverse_sync.values.tracking import Mode, SettingChange, Tracking, enabling


class PlanMoved(AccountStoreError):
    """What would be sent is no longer what was planned: nothing was sent."""


@dataclass(frozen=True)
class _Judged:
    """A plan in the outbox, not committed yet, and the guards that it trips."""

    plan: Plan
    trips: tuple[Trip, ...]


class _Seen(Exception):
    """The plan was looked at: roll it back."""


@dataclass(frozen=True, kw_only=True)
class StoreState:
    """What the store says before a plan: its highest version, its tracking config as it will be
    once the plan is committed, and the changes that make it so."""

    version: int
    tracking: Tracking
    changes: Sequence[SettingChange]

    @property
    def overridden(self) -> tuple[SettingChange, ...]:
        """The changes that take the place of somebody else's setting."""
        return tuple(change for change in self.changes if change.old is not None)


def read(store: AccountStore, mode: Mode) -> StoreState:
    """What the store says. Its settings change where the integration is new in it, or has another
    mode."""
    held = store.read_tracking()
    changes = enabling(held, mode=mode)
    settings = {**held.settings, **{change.new.aspect: change.new for change in changes}}
    tracking = replace(held, settings=settings, mode=mode) if changes else held
    return StoreState(version=store.highest_version(), tracking=tracking, changes=changes)


@dataclass(frozen=True)
class Planner:
    """What a plan is made from."""

    connection: DuckDBPyConnection
    context: SyncContext
    request: SyncRequest
    held: StoreState

    def commit(self) -> Plan:
        """Writes plan and outbox together. Raises PlanMoved; Blocked, which is recorded."""
        found: list[_Judged] = []
        try:
            with self._judging() as judged:
                found.append(judged)
                _refuse(judged, self.request)
                if self.request.scope.accounts is None:
                    settle(self.connection, self.context.target)
                return record(
                    self.connection,
                    judged.plan,
                    overridden=self.request.overridden,
                    approved_by=self.request.approved_by,
                )
        except Blocked as blocked:
            said = "; ".join(trip.line for trip in blocked.trips)
            insert_run(self.connection, found[0].plan, status="blocked", error=said)
            raise

    def show(self) -> Preview:
        """The plan as it would be sent now; nothing of it stays."""
        found: list[Preview] = []
        with suppress(_Seen), self._judging() as judged:
            found.append(previewed(self.connection, judged.plan, judged.trips))
            raise _Seen
        return found[0]

    @contextmanager
    def _judging(self) -> Iterator[_Judged]:
        connection, request, guards = self.connection, self.request, self.context.guards
        version, tracking = self.held.version, self.held.tracking
        ordered = request.run(self.context, version=version, tracking=tracking)
        run = begin(connection, ordered)
        path, shared = self.context.marts_path, self.context.shared_plans
        part = SHARED_PART if shared else PART
        with candidates(connection, path, run, part=part) as source, transaction(connection):
            plan = diff_into_outbox(connection, run, source, tracking, shared=shared)
            build = self.context.rules.brought_to(published_build(connection).id)
            plan = replace(plan, digest=digest(connection, run), build=build)
            seen = self._of_this_store(figures(connection, plan, tracking, guards, version))
            yield _Judged(plan, check(guards, seen, overridden=self._let_pass()))

    def _let_pass(self) -> frozenset[str]:
        """The guards that do not count. Whoever takes the marts as held sends nothing, and whoever
        sends accounts again means many updates."""
        request = self.request
        if request.approved_by or request.kind == "baseline":
            return request.overridden
        meant = {"updates"} if request.kind == "resync" else set()
        return request.overridden - (self.context.guards.approval - meant)

    def _of_this_store(self, seen: Figures) -> Figures:
        """That the store is another one explains its version too."""
        other = other_store(self.connection, self.context.target)
        if other is None or "other_store" in self.request.overridden:
            return seen
        upstream = {name: why for name, why in seen.upstream.items() if name != "store_behind"}
        return replace(seen, upstream={**upstream, "other_store": other})


def _refuse(judged: _Judged, request: SyncRequest) -> None:
    if request.digest is not None and request.digest != judged.plan.digest:
        raise PlanMoved(
            f"plan {request.digest} is out of date: the data, the settings or the store have moved"
            f" since, it is {judged.plan.digest} now; look at 'stripe-traits plan' and apply that"
        )
    if judged.trips:
        raise Blocked(judged.trips)
