"""A fixed business, imported, changed a hundred times and looked at once more; what that counts.

Enters: a folder. Leaves: counts by phase and name, the same on every machine: requests, objects,
rows, statements, dbt's nodes, accounts sent. No clock, no size of a machine is in them.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import httpx
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from benchmarks.live.latency import changes
from benchmarks.live.world import World
from benchmarks.modules import modules_loaded
from benchmarks.observers import DuckDbStatements, Requests, served, sqlite_statements
from orchestration.configuration.settings import SANDBOX_KEY, Settings
from orchestration.publication.delivery_due import delivery_due
from orchestration.stages.ahead import ahead_stage
from orchestration.stages.build import transform_stage
from orchestration.stages.delivery import deliver_stage
from orchestration.stages.load import load_stage
from orchestration.terminal.reporter import LogReporter
from reverse_sync.stores.target import Target
from reverse_sync.sync import deliver
from reverse_sync.sync_request import SyncContext, SyncRequest
from sandbox.population import Population
from sandbox.server import app, populate
from sandbox.storage.store import Store

AS_OF = datetime(2025, 6, 15, tzinfo=UTC)
CUSTOMERS, SEED, CHANGES = 1500, 1, 100
Counts = dict[str, int]


@dataclass(frozen=True)
class Counting:
    """The stages of one refresh after the other, and what each one counts."""

    settings: Settings
    stripe: Requests
    sqlite: Counter[str]
    duckdb: DuckDbStatements

    def refresh(self, as_of: datetime) -> Counts:
        """Load, build, deliver where it is due, as `stripe-traits sync` does."""
        reporter = LogReporter(lambda _: None)
        found: Counts = {}
        with self._counted(found, "load"):
            loaded = load_stage(self.settings, reporter, full=False)
        found |= {f"load: objects read, {name}": n for name, n in sorted(loaded.objects.items())}
        found |= {f"load: rows landed, {name}": n for name, n in sorted(loaded.rows.items()) if n}
        with self._counted(found, "build"):
            built = transform_stage(self.settings, reporter, as_of=as_of)
        nodes = Counter(result.unique_id.split(".")[0] for result in built.results)
        found |= {f"build: dbt nodes, {kind}": count for kind, count in sorted(nodes.items())}
        found |= {f"build: rows put in, {mart}": n for mart, n in self._put_in() if nodes and n}
        if delivery_due(self.settings):
            with self._counted(found, "deliver"):
                sent = deliver_stage(self.settings, reporter, as_of=as_of, run_id=f"{as_of}")
            found["deliver: accounts sent"] = sent.acknowledged
        return found

    def ahead(self, as_of: datetime) -> Counts:
        """Load, build account_traits alone, deliver, as `stripe-traits live` does it; all marts
        follow, and then nothing is to be delivered."""
        reporter = LogReporter(lambda _: None)
        found: Counts = {}
        load_stage(self.settings, reporter, full=False)
        with self._counted(found, "ahead"):
            built = ahead_stage(self.settings, reporter, as_of=as_of)
        found["ahead: dbt nodes"] = len(built.results) if built else 0
        with self._counted(found, "deliver"):
            sent = deliver_stage(
                self.settings, reporter, as_of=as_of, run_id=f"{as_of}", publishes=False
            )
        found["deliver: accounts sent"] = sent.acknowledged
        with self._counted(found, "all marts"):
            transform_stage(self.settings, reporter, as_of=as_of)
        found["all marts: deliveries due"] = int(delivery_due(self.settings) is not None)
        return found

    @contextmanager
    def _counted(self, found: Counts, stage: str) -> Iterator[None]:
        before = self.stripe.counts + self.sqlite
        self.duckdb.taken()
        yield
        since = self.stripe.counts + self.sqlite - before
        found |= {f"{stage}: {name}": count for name, count in sorted(since.items())}
        statements = self.duckdb.taken()
        if stage != "load":  # dlt's own move with its threads
            found[f"{stage}: DuckDB statements"] = statements

    def _put_in(self) -> list[tuple[str, int]]:
        """Rows that a refresh has put into the marts; a full build keeps no such tables."""
        with duckdb.connect(str(self.settings.warehouse)) as database:
            return database.execute(
                "select table_name, estimated_size from duckdb_tables()"
                " where schema_name = 'refreshed' order by 1"
            ).fetchall()


def counted(folder: Path) -> dict[str, Counts]:
    """By phase. One call a process."""
    for name in Settings.model_fields:
        os.environ.pop(name.upper(), None)
    with ExitStack() as stack:
        store = stack.enter_context(Store(folder / "sandbox.db"))
        populate(store, Population(CUSTOMERS, SEED, int(AS_OF.timestamp())))
        stripe = Requests(app(store))
        url = stack.enter_context(served(stripe))
        settings = _settings(folder, url)
        settings.data_dir.mkdir()
        sqlite = stack.enter_context(sqlite_statements())
        with closing(DuckDbStatements(settings.warehouse)) as statements:
            counting = Counting(settings, stripe, sqlite, statements)
            found = _phases(counting, folder, url)
        return found | {"start of a command": _modules(settings)}


def _phases(counting: Counting, folder: Path, url: str) -> dict[str, Counts]:
    with _hook(counting.settings.marts, folder / "hook") as hook:
        found = {"initial import": counting.refresh(AS_OF), "initial delivery to a webhook": hook()}
        _change(folder, url)
        changed = counting.refresh(AS_OF + timedelta(hours=1))
        found |= {"refresh after 100 changes": changed, "100 changes to a webhook": hook()}
        found |= {"idle refresh": counting.refresh(AS_OF + timedelta(hours=1))}
        _change(folder, url, hours=2)
        return found | {"100 changes, ahead": counting.ahead(AS_OF + timedelta(hours=2))}


def _settings(folder: Path, url: str) -> Settings:
    return Settings(
        _env_file=None,  # type: ignore[call-arg]
        stripe_api_base=url,
        data_dir=folder / "data",
        account_id_metadata_key="account_id",
        multiple_subscriptions=True,
        stripe_concurrency=100,  # what is read at once then never hangs on who answers first
    )


def _modules(settings: Settings) -> Counts:
    moment = (AS_OF + timedelta(hours=2)).isoformat()
    idle = ("sync", "--as-of", moment)
    given = {
        "STRIPE_API_BASE": settings.stripe_api_base,
        "DATA_DIR": str(settings.data_dir),
        "ACCOUNT_ID_METADATA_KEY": settings.account_id_metadata_key or "",
        "MULTIPLE_SUBSCRIPTIONS": "true",
    }
    # The first `sync` is a run on Dagster's page, which had none; the one after finds nothing.
    modules_loaded({"first": idle}, given)
    return modules_loaded({"--help": ("--help",), "status": ("status",), "sync": idle}, given)


def _change(folder: Path, url: str, hours: int = 1) -> None:
    """A customer's new name and another one's seats in turns, so long after the import."""
    headers = {"Authorization": f"Bearer {SANDBOX_KEY}"}
    with httpx.Client(base_url=url, headers=headers, trust_env=False) as stripe:
        world = World(folder, stripe)
        planned = list(changes(world, CHANGES))
        world.write("/sandbox/clock", now=int(AS_OF.timestamp()) + 3600 * hours - 600)
        for change in planned:
            named = {"name": f"Renamed after {hours} h"} if "name" in change.fields else {}
            world.write(change.path, **change.fields | named)


@contextmanager
def _hook(marts: Path, folder: Path) -> Iterator[Callable[[], Counts]]:
    """Delivers to a webhook beside the account store; what that counts."""
    folder.mkdir()
    with served(taking := Requests(_take)) as url:
        around = SyncContext(
            marts_path=marts,
            warehouse=lambda: duckdb.connect(str(folder / "warehouse.duckdb")),
            target=Target(url=url, secret="of-the-benchmark", folder=folder),
            multiple_subscriptions=True,
        )

        def deliver_now() -> Counts:
            taking.counts.clear()
            result = deliver(around, SyncRequest(run_id="hook", as_of=AS_OF, now=AS_OF))
            return {**taking.counts, "accounts sent": result.acknowledged}

        yield deliver_now


async def _take(scope: Scope, receive: Receive, send: Send) -> None:
    await Response(status_code=204)(scope, receive, send)
