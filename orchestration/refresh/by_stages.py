"""One refresh, end to end, stage by stage in this process.

Enters: the settings, `as_of`, whether everything is read. Leaves: what each stage did, also where
the account store is away: what was built is published, and the delivery is owed. Each stage is that
of Dagster's job `refresh`, in its order, and the whole is a run of that name on Dagster's page.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from uuid import uuid4

from orchestration.build.manifest import is_outdated, write_manifest
from orchestration.clock import now
from orchestration.code_location.events import stage_events as events
from orchestration.code_location.events.own_traits_events import own_traits_events
from orchestration.code_location.events.store_events import store_event
from orchestration.code_location.events.verdicts import (
    verdicts_on_landing,
    verdicts_on_marts,
    verdicts_on_store,
)
from orchestration.code_location.job_names import LANDING_STEP
from orchestration.code_location.run_tags import run_tags
from orchestration.configuration.settings import Settings
from orchestration.locks import kept_open
from orchestration.monitoring.refreshed import note_refreshed
from orchestration.publication.delivery_due import is_due_or_lost
from orchestration.refresh.made import Made, failed_stores
from orchestration.refresh.shown_run import ShownRun, shown_run
from orchestration.stages.build import Built, transform_stage
from orchestration.stages.build_due import build_due
from orchestration.stages.further_deliveries import StoreDelivery, raise_failed
from orchestration.stages.load_ahead import LoadedAhead, load_ahead
from orchestration.stages.own_traits import check_own_traits
from orchestration.stages.shared_plans import sharing_plans
from orchestration.stages.store_processes import further_deliveries
from orchestration.terminal.logs import log
from orchestration.terminal.reporter import Reporter


def _forget(_: Made) -> None:
    """Nobody asks."""


def refresh(  # noqa: PLR0913  (all by keyword)
    settings: Settings,
    reporter: Reporter,
    *,
    full: bool = False,
    as_of: datetime | None = None,
    overridden: frozenset[str] = frozenset(),
    on_made: Callable[[Made], None] = _forget,
    ahead: LoadedAhead | None = None,
    held: ExitStack | None = None,
) -> None:
    """`on_made` hears what was made, however it ends. `ahead`: the load was done before; `held`:
    what it has kept open for the build, which closes it.

    Raises what a stage raised: StripeError, TransformFailed, MartsRefused, Blocked,
    AccountStoreError, OwnTraitsFailed, ...
    """
    if is_outdated():
        write_manifest()
    began = ahead.began if ahead else now()
    tags = run_tags(as_of=as_of, full=full, overridden=overridden)
    with shown_run(tags, began=began) as run:
        stages = _Stages(settings, reporter, run, began, as_of or began, full=full)
        try:
            with held or ExitStack():
                built = stages.bring_marts(ahead or load_ahead(settings, reporter, full=full))
            with stages.further():
                # Also where nothing was built: an earlier delivery may be owed.
                if built or is_due_or_lost(settings, at=now(), as_of=as_of):
                    stages.deliver(overridden)
            check_own_traits(settings)
        finally:
            on_made({**run.made, **failed_stores(stages.stores_failed)})


@dataclass
class _Stages:
    """`stores_failed`: what stopped those of stores.yml, by name."""

    settings: Settings
    reporter: Reporter
    run: ShownRun
    began: datetime
    as_of: datetime
    full: bool
    stores_failed: Mapping[str, str] = field(default_factory=dict)
    sharing: Settings = field(init=False)  # with what all stores share, while they are brought

    def bring_marts(self, loaded: LoadedAhead) -> bool:
        """False: nothing changed, nothing was built. Raises TransformFailed."""
        result, run = loaded.result(), self.run
        with kept_open(self.settings.folder, self.reporter):
            why = build_due(self.settings, self.reporter, as_of=self.as_of)
            events.say_of_load(result, why, run.say)
            if not why:
                note_refreshed(self.settings.folder, at=now())
                return False
            seconds = round(loaded.seconds, 2)
            told = events.loaded_events(self.settings, self.reporter, result, seconds=seconds)
            run.tell(LANDING_STEP, told)
            built = self._build()
        run.tell("dbt_models", events.built_events(self.settings, built))
        run.tell("custom_traits", own_traits_events(self.settings))
        run.tell("beside_stripe", verdicts_on_landing(self.settings))
        return True

    def _build(self) -> Built:
        return transform_stage(self.settings, self.reporter, as_of=self.as_of, full=self.full)

    @contextmanager
    def further(self) -> Iterator[None]:
        """The stores of `stores.yml`, while the block brings that of ACCOUNT_STORE_URL. Raises
        StoresFailed; where the block raises, what they said is a warning."""
        run_id, told = str(uuid4()), False
        done: list[StoreDelivery] = []
        try:
            with (
                sharing_plans(self.settings) as self.sharing,
                further_deliveries(self.sharing, as_of=self.as_of, run_id=run_id) as done,
            ):
                yield
            told = True
        finally:
            self._tell_further(done, warn=not told)
        raise_failed(done)

    def _tell_further(self, done: Sequence[StoreDelivery], *, warn: bool) -> None:
        if not done:
            return
        self.stores_failed = {one.store: one.said[0] for one in done if one.said}
        for one in done:
            for line in one.lines:
                self.run.say(line)
                if warn:
                    log.warning(line)
            if one.result:
                self.run.tell(f"account_store_{one.store}", [store_event(one.store, one.result)])

    def deliver(self, overridden: frozenset[str]) -> None:
        """Raises MartsRefused, Blocked, AccountStoreError."""
        run = self.run
        run.tell("before_delivery", verdicts_on_marts(self.settings))
        event = events.delivery_event(
            self.sharing,
            self.reporter,
            as_of=self.as_of,
            clock=lambda: self.as_of + (now() - self.began),
            run_id=run.run_id,
            overridden=overridden,
            drawn=self.full,
            say=run.say,
        )
        run.tell("account_store", [event])
        run.tell("after_delivery", verdicts_on_store(self.settings))
