"""Whether a build or a delivery has anything to do: told from two small marks, without a build.

Enters: the settings, the warehouse, `as_of`. Leaves: the reason why work is due, or None. A mark is
written only after what it tells of is done, so a crash repeats work and never leaves it out.

build.json      what the published marts were built of, and when time alone changes them
delivered.json  which build the account store was last brought to
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from ingestion.landing import TABLES
from orchestration.dbt_process import PROJECT
from orchestration.settings import Settings

OUR_CLOCK = ("read_at", "loaded_at", "deleted_at")  # when we read: no rule looks at it
MOVES_NUMBERS = (
    "account_id_metadata_key",
    "multiple_subscriptions",
    "reporting_currency",
    "mrr_discount_durations",
    "mrr_pause_collection",
)


@dataclass(frozen=True)
class Build:
    """`as_of`, `review_at` are ISO 8601, UTC; `loaded` is the last load that the build has seen."""

    id: str
    as_of: str
    review_at: str
    loaded: str
    settings: str
    models: str


def build_due(
    settings: Settings, database: duckdb.DuckDBPyConnection, as_of: datetime
) -> str | None:
    """Why the marts must be built again at `as_of` (aware UTC); None: they would be the same."""
    last = last_build(settings)
    if last is None or not settings.marts.exists():
        return "nothing was built yet"
    reasons = {
        "Stripe's objects changed": last.loaded != _last_load(database),
        "a setting that moves numbers changed": last.settings != _settings_digest(settings),
        "the models changed": last.models != models_digest(),
        "as_of is before that of the last build": as_of < datetime.fromisoformat(last.as_of),
        "time passed a trial's, discount's or period's end": as_of
        >= datetime.fromisoformat(last.review_at),
    }
    return next((reason for reason, holds in reasons.items() if holds), None)


def note_build(
    settings: Settings, database: duckdb.DuckDBPyConnection, *, as_of: datetime, build_id: str
) -> None:
    """The marts that were just published were built of what the warehouse holds now."""
    build = Build(
        id=build_id,
        as_of=as_of.isoformat(),
        review_at=_review_at(database, as_of).isoformat(),
        loaded=_last_load(database),
        settings=_settings_digest(settings),
        models=models_digest(),
    )
    _write(settings.data_dir / "build.json", asdict(build))


def last_build(settings: Settings) -> Build | None:
    found = _read(settings.data_dir / "build.json")
    return Build(**found) if found else None


def delivery_due(settings: Settings) -> str | None:
    """Why the account store must be looked at again; None: it was brought to the last build."""
    last = last_build(settings)
    if last is None:
        return None
    if _read(settings.data_dir / "delivered.json") != _delivered(settings, last):
        return "the marts are newer than the account store"
    return None


def note_delivery(settings: Settings, build: Build | None) -> None:
    """The account store holds `build`, or knows of each account why it does not."""
    if build:
        _write(settings.data_dir / "delivered.json", _delivered(settings, build))


def _delivered(settings: Settings, build: Build) -> dict[str, str]:
    """The store is told apart by a digest: its address may hold a password."""
    return {"build": build.id, "store": _digest(settings.store_url)}


def _last_load(database: duckdb.DuckDBPyConnection) -> str:
    row = database.execute("select max(load_id) from stripe._dlt_loads").fetchone()
    return str(row[0]) if row and row[0] else ""


def _review_at(database: duckdb.DuckDBPyConnection, as_of: datetime) -> datetime:
    """The next moment at which a rule that compares with as_of can come out differently."""
    moment = as_of.replace(tzinfo=None)
    next_month = (as_of.replace(day=1) + timedelta(days=32)).replace(
        day=1, hour=0, minute=0, second=0, microsecond=0
    )
    found = [next_month]
    for table in TABLES:
        for column in _moments(database, table.name):
            row = database.execute(
                f"select min({column}) from stripe.{table.name} where {column} > ?", [moment]
            ).fetchone()
            if row and row[0]:
                found.append(row[0].replace(tzinfo=as_of.tzinfo))
    return min(found)


def _moments(database: duckdb.DuckDBPyConnection, table: str) -> list[str]:
    rows = database.execute(
        "select column_name from duckdb_columns() where schema_name = 'stripe'"
        " and table_name = ? and data_type like 'TIMESTAMP%'",
        [table],
    ).fetchall()
    return [name for (name,) in rows if name not in OUR_CLOCK]


def _settings_digest(settings: Settings) -> str:
    return _digest(json.dumps({name: getattr(settings, name) for name in MOVES_NUMBERS}))


def models_digest() -> str:
    """Of everything in `transform/` that a build reads."""
    folder = PROJECT / "transform"
    found = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.suffix in (".sql", ".yml", ".csv") and "target" not in path.parts:
            found.update(path.read_bytes())
    return found.hexdigest()[:16]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _read(path: Path) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads(path.read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return None
    return found


def _write(path: Path, values: dict[str, str]) -> None:
    fresh = path.with_suffix(".tmp")
    fresh.write_text(json.dumps(values, indent=1))
    fresh.chmod(0o600)
    fresh.replace(path)
