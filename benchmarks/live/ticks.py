"""Dagster's page after a year of ticks: were they all kept, and as `dagster.yaml` keeps them.

Enters: --days, --turns. Leaves: a table, or JSON; exit code 1 where a goal is missed. The ticks are
made: of the sensor that looks most often, each five seconds, and found nothing to do. They go as
Dagster's daemon lets them go, by the limits of its own settings. The page is the real one.
"""

import socket
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import inf
from pathlib import Path
from statistics import median
from typing import Any

import httpx
from dagster import DagsterInstance
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.scheduler.instigation import TickData, TickStatus
from dagster._serdes import serialize_value

from benchmarks.processes import process
from benchmarks.showing import Rows, arguments

UI = [sys.executable, "-m", "orchestration.dagster_local.ui"]
GOAL = 0.5  # seconds an answer
PATIENCE = 60  # seconds
LOCATION = 'repositoryLocationName: "stripe_traits", repositoryName: "__repository__"'
SENSORS = """{ sensorsOrError(repositorySelector: {LOCATION}) { ... on Sensors { results {
    name minIntervalSeconds sensorState { id selectorId ticks(limit: 1) { tickId timestamp } }
} } } }""".replace("LOCATION", LOCATION)
HISTORY = """{ sensorOrError(sensorSelector: {LOCATION, sensorName: "inbox_waits"}) {
    ... on Sensor { sensorState { ticks(limit: 25) { tickId status timestamp skipReason } } }
} }""".replace("LOCATION", LOCATION)
FILL = """
insert into job_ticks (job_origin_id, selector_id, status, type, timestamp, tick_body)
with recursive ticks (number) as (
    select 0 union all select number + 1 from ticks where number + 1 < :ticks
)
select :origin, :selector, 'SKIPPED', 'SENSOR',
    datetime(:newest, '-' || ((:ticks - number) * :every) || ' seconds'), :body
from ticks
"""


@dataclass(frozen=True)
class Sensor:
    name: str
    every: int  # seconds
    origin: str
    selector: str

    def tick(self) -> str:
        """As Dagster writes one that found nothing to do."""
        return serialize_value(
            TickData(
                instigator_origin_id=self.origin,
                instigator_name=self.name,
                instigator_type=InstigatorType.SENSOR,
                status=TickStatus.SKIPPED,
                timestamp=datetime.now(UTC).timestamp(),
                skip_reason="the inbox is empty",
                selector_id=self.selector,
            )
        )


@contextmanager
def page(folder: Path) -> Iterator[str]:
    """Dagster's page on its storage in the folder, and the code that it shows; its address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    with process([*UI, "code"], folder), process([*UI, "webserver", "-p", port], folder):
        url, ended = f"http://127.0.0.1:{port}", time.monotonic() + 120
        while time.monotonic() < ended:
            try:
                httpx.get(f"{url}/server_info", trust_env=False)
            except httpx.TransportError:
                time.sleep(0.3)
            else:
                break
        yield url


def asked(url: str, query: str) -> Any:
    answer = httpx.post(f"{url}/graphql", json={"query": query}, timeout=PATIENCE, trust_env=False)
    return answer.raise_for_status().json()["data"]


def sensors(url: str) -> list[Sensor]:
    return [
        Sensor(
            one["name"],
            one["minIntervalSeconds"],
            one["sensorState"]["id"].partition(":")[0],
            one["sensorState"]["selectorId"],
        )
        for one in asked(url, SENSORS)["sensorsOrError"]["results"]
    ]


def count(database: Path) -> int:
    with closing(sqlite3.connect(database)) as opened:
        return int(opened.execute("select count(*) from job_ticks").fetchone()[0])


def fill(home: Path, found: list[Sensor], days: int) -> None:
    """Ticks of so many days, of the sensor that looks most often."""
    one = min(found, key=lambda sensor: sensor.every)
    with closing(sqlite3.connect(home / "schedules" / "schedules.db")) as database, database:
        database.execute("pragma synchronous = off")
        values = {
            "ticks": days * 86_400 // one.every,
            "every": one.every,
            "origin": one.origin,
            "selector": one.selector,
            "newest": datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S"),
            "body": one.tick(),
        }
        database.execute(FILL, values)


def purged(home: Path, found: list[Sensor]) -> float:
    """Seconds that it takes to let go what the settings do not keep, as after a daemon's tick."""
    began = time.monotonic()
    with DagsterInstance.from_config(str(home)) as instance:
        keeps = instance.get_tick_retention_settings(InstigatorType.SENSOR)
        for one in found:
            for status, days in keeps.items():
                before = (datetime.now(UTC) - timedelta(days=days)).timestamp()
                instance.purge_ticks(one.origin, one.selector, before, tick_statuses=[status])
    return time.monotonic() - began


@dataclass
class Shown:
    """What the page took, row by row."""

    home: Path
    turns: int
    rows: Rows
    figures: list[dict[str, Any]]

    def measure(self, url: str, what: str) -> float:
        """Seconds of the slower of the two questions."""
        took = [_seconds(url, query, self.turns) for query in (SENSORS, HISTORY)]
        database = self.home / "schedules" / "schedules.db"
        ticks, size = count(database), database.stat().st_size / 1e6
        self.rows.add([f"{ticks:,} {what}", *map(_told, took), f"{size:,.0f} MB"])
        self.figures.append({"ticks": ticks, "what": what, "seconds": took, "megabytes": size})
        return max(took)


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--turns", type=int, default=9)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder, home = Path(made), Path(made) / "data" / "dagster"
        rows = Rows("ticks", "sensors", "a sensor's history", "size")
        shown = Shown(home, options.turns, rows, [])
        with page(folder) as url:
            found = sensors(url)
            shown.measure(url, "")
        fill(home, found, options.days)
        with page(folder) as url:
            shown.measure(url, f"({options.days} days)")
        seconds = purged(home, found)
        with page(folder) as url:
            slowest = shown.measure(url, f"(kept; the others went in {seconds:.0f} s)")
    missed = [f"an answer takes {slowest:.3f} s, goal {GOAL:g}"] if slowest > GOAL else []
    return rows.end(shown.figures, as_json=options.json, missed=missed)


def _seconds(url: str, query: str, turns: int) -> float:
    """The median after a first time; infinite where it takes longer than anybody waits."""
    took = []
    for _ in range(turns + 1):
        began = time.monotonic()
        try:
            asked(url, query)
        except httpx.ReadTimeout:
            return inf
        took.append(time.monotonic() - began)
    return median(took[1:])


def _told(seconds: float) -> str:
    return f"{seconds:.3f} s" if seconds < PATIENCE else f"more than {PATIENCE} s"


if __name__ == "__main__":
    sys.exit(main())
