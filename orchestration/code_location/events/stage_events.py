"""What each stage of a refresh does, as events: the same in a job and in a command.

Enters: the settings, `as_of`, who is told. Leaves: materialisations and verdicts with counts
and durations.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from datetime import datetime
from functools import partial
from typing import Any

from ingestion.inbox.latency import Latency
from ingestion.landing import TABLES
from ingestion.load import LoadResult
from orchestration.clock import now
from orchestration.code_location.events.dbt_events import dbt_events
from orchestration.code_location.events.event import Event, Materialised
from orchestration.configuration.settings import Settings
from orchestration.locks import open_warehouse
from orchestration.monitoring.refreshed import note_refreshed
from orchestration.pages.asset_metadata.delivery_metadata import as_metadata
from orchestration.pages.asset_metadata.plots import latencies
from orchestration.pages.asset_metadata.previews import shown
from orchestration.pages.delivery_lines import result_lines
from orchestration.publication.marts import reading
from orchestration.stages.build import Built, table_rows, transform_stage
from orchestration.stages.build_due import build_due
from orchestration.stages.delivery import deliver_stage
from orchestration.stages.latency import loaded_until, measure_stage
from orchestration.terminal.reporter import Reporter
from reverse_sync.values.counted import counted

ACCOUNT_STORE = ("account_store",)
Say = Callable[[str], None]  # a line of the run's log


def landing_events(  # noqa: PLR0913  (all by keyword)
    settings: Settings,
    reporter: Reporter,
    result: LoadResult,
    *,
    as_of: datetime,
    seconds: float,
    say: Say,
) -> Iterator[Materialised]:
    """Of a load that is done; none where nothing changed: then nothing that follows is run."""
    why = build_due(settings, reporter, as_of=as_of)
    if not why:
        note_refreshed(settings.folder, at=now())
    say_of_load(result, why, say)
    if why:
        yield from loaded_events(settings, reporter, result, seconds=seconds)


def say_of_load(result: LoadResult, why: str | None, say: Say) -> None:
    """What was read, and `why` the marts are built; None: they are not."""
    objects = counted(result.objects.total(), "object")
    say(f"{counted(result.events, 'new event')}, {objects} read")
    say(f"the marts are built: {why}" if why else "nothing changed: nothing is built")


def loaded_events(
    settings: Settings, reporter: Reporter, result: LoadResult, *, seconds: float
) -> Iterator[Materialised]:
    """One for each landing table."""
    with open_warehouse(settings.folder, reporter) as warehouse:
        there = table_rows(warehouse, schema="stripe")
    for table in TABLES:
        yield Materialised(
            ("stripe", table.name),
            {
                "dagster/row_count": there.get(("stripe", table.name), 0),
                "rows_merged": result.rows[table.name],
                "seconds": seconds,
                "rows_per_second": round(result.rows[table.name] / max(seconds, 0.01), 1),
                "full_read": result.full,
                "why_full": result.why or "",
            },
        )


def model_events(
    settings: Settings, reporter: Reporter, *, as_of: datetime, full: bool
) -> Iterator[Event]:
    """Builds and publishes. Raises TransformFailed, after the events of what was built."""
    yield from built_events(settings, transform_stage(settings, reporter, as_of=as_of, full=full))


def built_events(settings: Settings, built: Built) -> Iterator[Event]:
    """Raises TransformFailed at their end, where a model or a test failed."""
    with reading(settings.marts) if settings.marts.exists() else nullcontext():  # opened once
        yield from dbt_events(built, shown=partial(shown, settings.marts, drawn=built.is_full))
    if built.failure:
        raise built.failure


def delivery_event(  # noqa: PLR0913  (all by keyword)
    settings: Settings,
    reporter: Reporter,
    *,
    as_of: datetime,
    clock: Callable[[], datetime],
    run_id: str,
    overridden: frozenset[str],
    drawn: bool,
    say: Say,
) -> Materialised:
    """Diff, push, remember; the counts as metadata, and how long Stripe's events took by `clock`.
    Raises Blocked, AccountStoreError."""
    began, loads = time.monotonic(), loaded_until(settings.folder)
    result = deliver_stage(settings, reporter, as_of=as_of, run_id=run_id, overridden=overridden)
    note_refreshed(settings.folder, at=now())
    for line in result_lines(result):
        say(line)
    took = measure_stage(settings.folder, reached_at=clock(), loaded_until=loads)
    seconds = round(time.monotonic() - began, 3)
    rate = {"seconds": seconds, "accounts_per_second": round(result.sent / max(seconds, 0.001), 1)}
    picture = latencies(settings.folder.inbox) if drawn else None
    told: dict[str, Any] = {**as_metadata(result), **rate, **_latency(took)}
    return Materialised(ACCOUNT_STORE, told | ({"picture": picture} if picture else {}))


def _latency(took: Latency) -> dict[str, int | float]:
    seconds = {
        "latency_median_seconds": took.median_seconds,
        "latency_p95_seconds": took.p95_seconds,
        "latency_slowest_seconds": took.slowest_seconds,
    }
    known = {name: value for name, value in seconds.items() if value is not None}
    return {"events_delivered": took.events, **known}
