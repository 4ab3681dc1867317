"""One refresh, end to end, stage by stage in this process.

Enters: the settings, `as_of`, whether everything is read. Leaves: what each stage did, also where
the account store is away: what was built is published, and the delivery is owed. Each stage is that
of Dagster's job `refresh`, in its order, and the whole is a run of that name on Dagster's page.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from orchestration.build.manifest import is_outdated, write_manifest
from orchestration.clock import now
from orchestration.code_location.asset_checks import (
    verdicts_on_landing,
    verdicts_on_marts,
    verdicts_on_store,
)
from orchestration.code_location.events.recorded_run import RecordedRun, recorded_run
from orchestration.code_location.events.stage_events import (
    delivery_event,
    landing_events,
    model_events,
)
from orchestration.code_location.job_names import REFRESH
from orchestration.code_location.run_tags import run_tags
from orchestration.configuration.settings import Settings
from orchestration.publication.delivery_due import is_due_or_lost
from orchestration.refresh.made import Made
from orchestration.stages.load_ahead import LoadedAhead, load_ahead
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
) -> None:
    """`on_made` hears what was made, however it ends. `ahead`: the load was done before.

    Raises what a stage raised: StripeError, TransformFailed, MartsRefused, Blocked,
    AccountStoreError, ...
    """
    if is_outdated():
        write_manifest()
    began = ahead.began if ahead else now()
    tags = run_tags(as_of=as_of, full=full, overridden=overridden)
    with recorded_run(settings, REFRESH, tags, began=began) as run:
        stages = _Stages(settings, reporter, run, began, as_of or began, full=full)
        try:
            stages.bring_marts(ahead or load_ahead(settings, reporter, full=full))
            # Also where nothing was built: an earlier delivery may be owed.
            if run.made or is_due_or_lost(settings, at=now()):
                stages.deliver(overridden)
        finally:
            on_made(run.made)


@dataclass(frozen=True)
class _Stages:
    settings: Settings
    reporter: Reporter
    run: RecordedRun
    began: datetime
    as_of: datetime
    full: bool

    def bring_marts(self, loaded: LoadedAhead) -> None:
        """Nothing where nothing changed."""
        events = landing_events(
            self.settings,
            self.reporter,
            loaded.result(),
            as_of=self.as_of,
            seconds=round(loaded.seconds, 2),
            say=self.run.say,
        )
        self.run.tell("stripe_landing", events)
        if self.run.made:
            self._build()

    def _build(self) -> None:
        models = model_events(self.settings, self.reporter, as_of=self.as_of, full=self.full)
        self.run.tell("dbt_models", models)
        self.run.tell("beside_stripe", verdicts_on_landing(self.settings))

    def deliver(self, overridden: frozenset[str]) -> None:
        """Raises MartsRefused, Blocked, AccountStoreError."""
        self.run.tell("before_delivery", verdicts_on_marts(self.settings))
        event = delivery_event(
            self.settings,
            self.reporter,
            as_of=self.as_of,
            clock=lambda: self.as_of + (now() - self.began),
            run_id=self.run.run.run_id,
            overridden=overridden,
            drawn=self.full,
            say=self.run.say,
        )
        self.run.tell("account_store", [event])
        self.run.tell("after_delivery", verdicts_on_store(self.settings))
