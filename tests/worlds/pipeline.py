"""The whole pipeline in this process: a local Stripe, real settings, the Dagster job."""

import sqlite3
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import orjson
import pytest
from local_stripe import DAY, NOW, LocalStripe

from orchestration.configuration.environment import read_settings
from orchestration.configuration.settings import Settings
from orchestration.publication.publish import publish_sync
from orchestration.terminal.reporter import LogReporter
from sandbox import builders

AS_OF = datetime(2025, 6, 15, tzinfo=UTC)
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
        """One refresh, whose progress is told; what the account store's materialisation counted,
        nothing where it had nothing to do."""
        from orchestration.refresh.dagster_run import (
            refresh,  # costs seconds, which xdist's controller saves
        )

        runs = refresh(self.settings, LogReporter(tell, every_seconds=0), full=full, as_of=as_of)
        counts: Counter[str] = Counter()
        for run in runs:
            for event in run.get_asset_materialization_events():
                made = event.step_materialization_data.materialization
                if made.asset_key.path == ["account_store"]:
                    told = {name: m.value for name, m in made.metadata.items()}
                    counts.update(
                        {n: int(v) for n, v in told.items() if isinstance(v, int | float)}
                    )
        return counts

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
