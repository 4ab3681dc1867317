"""A business as the report shows it, published once for all tests, and the report on it.

Leaves: 150 made-up customers and some whose names and metadata want to break a page, landed, built,
delivered and published; the report under a real uvicorn.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest
from local_stripe import NOW, stripe_in
from made_once import made_once
from pipeline import pipeline_of, subscribe, subscribed

from benchmarks.observers import served
from report.filters.tree import Condition
from report.page import Site
from report.segments.definition import Segment
from report.segments.segments_file import write
from report.serving.app import application
from report.serving.security import Rules
from sandbox.population import Population, fill

SCRIPT = "<script>alert(1)</script>"
FORMULA = "=cmd()"
QUOTED = 'o\'clock "x"'


@dataclass
class Report:
    """The report's address, and the published copy that it shows."""

    marts: Path
    client: httpx.Client

    def page(self, address: str) -> str:
        found = self.client.get(address)
        assert found.status_code == 200, (address, found.status_code, found.text[:2000])
        return found.text

    def json(self, address: str) -> list[dict[str, Any]]:
        """The rows of a table's JSON."""
        mark = "&" if "?" in address else "?"
        found = self.client.get(f"{address}{mark}format=json")
        assert found.status_code == 200, (address, found.text[:2000])
        rows: list[dict[str, Any]] = found.json()["rows"]
        return rows

    def sql(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.marts), read_only=True) as database:
            return database.execute(query, list(parameters)).fetchall()


@pytest.fixture(scope="session")
def published_business(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its published copy, made once for all workers of the run; never changed."""
    made = made_once(tmp_path_factory, "reported", _publish)
    return made / "data" / "marts.duckdb"


def _publish(folder: Path) -> None:
    with pytest.MonkeyPatch.context() as environment, stripe_in(folder) as stripe:
        fill(stripe.store, Population(150, 1, NOW))
        business = subscribed(pipeline_of(stripe, environment))
        subscribe(business, SCRIPT, account_id="script")
        subscribe(business, FORMULA, account_id="formula")
        subscribe(business, "dots", **{"account_id": "../../etc/passwd", QUOTED: "a ' \" b"})
        business.set(ACCOUNT_ID_METADATA_KEY="account_id", MULTIPLE_SUBSCRIPTIONS="true")
        business.set(SEGMENTS_FILE=str(folder / "segments.yml"))
        paying = Segment("paying", SCRIPT, Condition("all_mrr_normalized", "over", "0"))
        write(business.settings.segments_file, [paying])
        business.refresh()


@pytest.fixture(scope="session")
def report(published_business: Path) -> Iterator[Report]:
    """The report on that business, asked from this machine."""
    with reported(published_business) as found:
        yield found


@contextmanager
def reported(
    marts: Path,
    rules: Rules = Rules(),  # noqa: B008 - frozen
    site: Site | None = None,
) -> Iterator[Report]:
    """The report on a published copy, under a real server."""
    with (
        served(application(marts, rules, site or Site())) as url,
        httpx.Client(base_url=url, trust_env=False, timeout=60) as client,
    ):
        yield Report(marts, client)
