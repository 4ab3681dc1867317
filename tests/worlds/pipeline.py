"""The whole pipeline in this process: a local Stripe, real settings, the stages or the job."""

import sqlite3
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import duckdb
import orjson
import pytest
from local_stripe import DAY, NOW, LocalStripe

from orchestration.clock import now
from orchestration.configuration.environment import read_settings
from orchestration.configuration.settings import Settings
from orchestration.monitoring.refreshed import note_refreshed
from orchestration.pages.asset_metadata.delivery_metadata import as_metadata
from orchestration.publication.delivery_due import is_due_or_lost
from orchestration.publication.publish import publish_sync
from orchestration.stages.build import transform_stage
from orchestration.stages.build_due import build_due
from orchestration.stages.delivery import deliver_stage
from orchestration.stages.load import load_stage
from orchestration.terminal.reporter import LogReporter
from sandbox import builders

if TYPE_CHECKING:
    from dagster import ExecuteInProcessResult

AS_OF = datetime(2025, 6, 15, tzinfo=UTC)
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}  # a Dagster run
Tell = Callable[[str], None]
MONTHLY = builders.price(id="price_monthly", unit_amount=5000)


@dataclass
class Pipeline:
    """Refreshes with settings of its own; looks at what came out."""

    stripe: LocalStripe
    environment: pytest.MonkeyPatch
    folder: Path

    def set(self, **settings: str) -> None:
        for name, value in settings.items():
            self.environment.setenv(name, value)

    @property
    def settings(self) -> Settings:
        return read_settings()

    def refresh(
        self, *, as_of: datetime = AS_OF, full: bool = False, tell: Tell = lambda line: None
    ) -> Counter[str]:
        """One refresh, stage by stage as each cycle of `live`, whose progress is told; what the
        reverse-sync counted, nothing where nothing was due."""
        settings, reporter = self.settings, LogReporter(tell, every_seconds=0)
        load_stage(settings, reporter, full=full)
        if full or build_due(settings, reporter, as_of=as_of):
            built = transform_stage(settings, reporter, as_of=as_of, full=full)
            if built.failure:
                raise built.failure
        if not is_due_or_lost(settings, at=now(), as_of=as_of):
            return Counter()
        result = deliver_stage(settings, reporter, as_of=as_of, run_id=str(uuid4()))
        note_refreshed(settings.folder, at=now())
        return _counted(as_metadata(result))

    def sync(
        self, *, as_of: datetime = AS_OF, full: bool = False, tell: Tell = lambda line: None
    ) -> Counter[str]:
        """The same as `stripe-traits sync` does it, shown on Dagster's page."""
        from orchestration.refresh.by_stages import (
            refresh,  # costs seconds, which xdist's controller saves
        )

        made: dict[str, Mapping[str, Any]] = {}
        reporter = LogReporter(tell, every_seconds=0)
        refresh(self.settings, reporter, full=full, as_of=as_of, on_made=made.update)
        return _counted(made.get("account_store", {}))

    def run_job(
        self, name: str = "refresh", *, as_of: datetime = AS_OF, full: bool = False
    ) -> "ExecuteInProcessResult":
        """The same, or another job, by Dagster's engine, as its daemon does it."""
        from orchestration.code_location.contents import definitions
        from orchestration.code_location.run_tags import run_tags
        from orchestration.dagster_local.dagster_home import dagster_instance

        job = definitions(pool=None).resolve_job_def(name)
        with dagster_instance(self.settings) as instance:
            tags = {**job.tags, **run_tags(as_of=as_of, full=full)}
            return job.execute_in_process(instance=instance, run_config=QUIET, tags=tags)

    def mart(self, sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.settings.marts), read_only=True) as database:
            return database.execute(sql).fetchall()

    def note_delivery(self, *, build: str | None, waits_until: datetime | None) -> None:
        """As if the last run of the reverse-sync had ended so."""
        until = waits_until and waits_until.astimezone(UTC).replace(tzinfo=None)
        with duckdb.connect(str(self.settings.warehouse)) as database:
            database.execute(
                "update sync.sync_target set delivered_build = ?, waits_until = ?,"
                " waits_since = null",
                [build, until],
            )
            publish_sync(database, self.settings.marts)

    def account(self, account_id: str) -> dict[str, Any]:
        """An account's row in the SQLite store, its traits parsed."""
        with sqlite3.connect(self.folder / "accounts.db") as database:
            database.row_factory = sqlite3.Row
            row = database.execute(
                "select * from accounts where account_id = ?", [account_id]
            ).fetchone()
        found = dict(row)
        found["traits"] = orjson.loads(found["traits"])
        return found


def written(path: Path) -> tuple[int, int]:
    """Which file stands there: another one, or another time, says that it was written."""
    found = path.stat()
    return found.st_ino, found.st_mtime_ns


def _counted(told: Mapping[str, Any]) -> Counter[str]:
    return Counter({name: int(n) for name, n in told.items() if isinstance(n, int | float)})


def money(value: Any) -> Decimal:
    return Decimal(str(value))


def subscribe(pipeline: Pipeline, name: str, **metadata: str) -> None:
    """A customer with an active subscription of 50.00 a month and its paid invoice."""
    store, made = pipeline.stripe.store, NOW - 10 * DAY
    store.put(builders.customer(id=f"cus_{name}", name=name, metadata=metadata, created=made))
    store.put(
        builders.subscription(
            id=f"sub_{name}",
            customer=f"cus_{name}",
            items=[builders.item(price=MONTHLY)],
            created=made,
        )
    )
    store.put(
        builders.invoice(
            id=f"in_{name}",
            customer=f"cus_{name}",
            subscription=f"sub_{name}",
            total=5000,
            created=made,
            lines=[builders.line(amount=5000, price=MONTHLY)],
        )
    )


def subscribed(pipeline: Pipeline, *names: str) -> Pipeline:
    """The pipeline of a business in which each of these pays 50.00 a month."""
    pipeline.stripe.store.put(builders.product(id="prod_test", name="Product"))
    pipeline.stripe.store.put(MONTHLY)
    for name in names:
        subscribe(pipeline, name)
    return pipeline


def pipeline_of(stripe: LocalStripe, environment: pytest.MonkeyPatch) -> Pipeline:
    """The default settings, with `data` beside the sandbox's file as DATA_DIR."""
    for name in Settings.model_fields:
        environment.delenv(name.upper(), raising=False)
    environment.chdir(stripe.folder)  # a .env of the project's folder is none of the tests'
    made = Pipeline(stripe, environment, stripe.folder / "data")
    made.set(STRIPE_API_BASE=stripe.url, DATA_DIR=str(made.folder))
    return made


@pytest.fixture
def pipeline(local_stripe: LocalStripe, monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    return pipeline_of(local_stripe, monkeypatch)
