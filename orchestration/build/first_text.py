"""The text of a first build and of the refresh after it, made before any warehouse is there.

Enters: the parsed project. Leaves: two texts in `transform/target/rendered`. dbt builds a business
of one customer, twice: what it renders is asked of whoever has more, and is the same. It saves a
first `sync` the seconds that dbt needs to render, which is most of a small build.
"""

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from ingestion.merge.warehouse import Landing
from ingestion.stripe_api.reader import Page
from orchestration.build.build_text import Place, place_of
from orchestration.build.manifest import DbtFailed
from orchestration.build.scope import decide
from orchestration.build.transform import transform
from orchestration.configuration.settings import Settings
from sandbox.builders import customer

ACCOUNT = "acct_1Sandbox0000000000"
BEGAN = datetime.fromisoformat("2025-01-15")  # naive UTC; both builds are of one month


def make() -> list[Place]:
    """Where the two texts are."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder), warehouse_url=None)
        return [_built(settings, BEGAN + timedelta(hours=hour)) for hour in range(2)]


def _built(settings: Settings, at: datetime) -> Place:
    landing = Landing(
        settings.warehouse, settings.data_dir / "dlt", stripe_account_id=ACCOUNT, loaded_at=at
    )
    landing.merge(_read(at))
    with duckdb.connect(str(settings.warehouse)) as database:
        place = place_of(database, settings, decide(database, settings, as_of=at))
    if place is None:
        raise DbtFailed("the models are newer than what was parsed; run 'make setup'")
    transform(settings, as_of=at)
    return place


def _read(at: datetime) -> Iterator[Page]:
    created = int(BEGAN.replace(tzinfo=UTC).timestamp())
    yield Page("customers", [customer(id="cus_first", name=f"{at}", created=created)], at)
